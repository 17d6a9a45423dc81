"""The journal protocol: what is done, what is being done, and by whom.

The engine knows only this shape; `store` keeps it in SQLite or PostgreSQL. Every call takes a
group, because a durable write costs the same for one row as for five hundred.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import msgspec

__all__ = ["Claim", "Entry", "Journal", "State", "journal_key"]


class State(Enum):
    """What the journal answers when an item is asked for."""

    LEASED = "leased"
    """Ours to do now."""
    DONE = "done"
    """Done before; the stored value comes with it."""
    BUSY = "busy"
    """Leased to another live run; ask again later."""


class Entry(msgspec.Struct, frozen=True):
    """One item to lease: its key and the name people know it by (a URI)."""

    key: bytes
    label: str = ""


class Claim(msgspec.Struct, frozen=True):
    """The answer to one entry; ``value`` is the stored bytes when ``state`` is ``DONE``."""

    state: State
    value: bytes | None = None


class Journal(Protocol):
    """Where runs write down what is done; safe to share between tasks, loops and processes.

    A lease is held until ``commit``, ``fail`` or ``release``; the journal renews it by itself while
    its owner lives and gives it to others when the owner is dead. ``commit`` returns when the rows
    are durable. Raises `StoreError` when the store cannot be read or written.
    """

    async def lease(self, entries: Sequence[Entry]) -> Sequence[Claim]:
        """Claim each entry, in order, as one group; a key already held by us is BUSY too."""
        ...

    async def commit(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Store ``(key, value)`` rows durably and end their leases; may come twice for a row."""
        ...

    async def fail(self, rows: Sequence[tuple[bytes, str]]) -> None:
        """Note ``(key, error text)`` rows and end their leases; they may be leased again.

        May come twice for a row, like ``commit``.
        """
        ...

    async def release(self, keys: Sequence[bytes]) -> None:
        """Give leases back unused; keys that are not ours, or not leased, are left alone."""
        ...


def journal_key(stage: str, version: int | str, options: bytes, content: bytes | str) -> bytes:
    """Return the 32-byte key of one piece of work.

    ``options`` is a digest of everything that changes the result, ``content`` the content hash.
    """
    digest = hashlib.blake2b(digest_size=32)
    parts = (stage.encode(), str(version).encode(), options, content)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return digest.digest()
