"""The cache of answers, below the gate: it sees what is sent, and nothing else."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Protocol

from ai_catalyst.llm.call import Answer

if TYPE_CHECKING:
    from ai_catalyst.llm.route import Route

__all__ = ["Cache", "Memo"]

KIND = "api"
VERSION = b"1"


class Cache(Protocol):
    """The part of the store's cache that is needed here."""

    async def get(self, kind: str, key: str, as_type: Any = ...) -> Any | None:
        """Return a value, as the type asked for, or None."""
        ...

    async def set(self, kind: str, key: str, value: Any) -> None:
        """Keep a value."""
        ...


class Memo:
    """Remembers answers by everything that changes them: wire, model, and the body as it is sent.

    An endpoint that chooses its model by itself is told apart by its URL.
    """

    def __init__(self, cache: Cache | None) -> None:
        """Remember in ``cache``, or not at all when None."""
        self._cache = cache

    @property
    def active(self) -> bool:
        """Whether anything is remembered."""
        return self._cache is not None

    def key(self, route: Route, body: bytes) -> str:
        """Return the content hash of a request."""
        digest = hashlib.blake2b(VERSION, digest_size=20)
        where = "" if route.endpoint.model else route.endpoint.url
        digest.update(f"{route.wire.name}\n{where}\n".encode())
        digest.update(body)
        return digest.hexdigest()

    async def get(self, key: str) -> Answer | None:
        """Return a remembered answer, or None."""
        if self._cache is None:
            return None
        found: Answer | None = await self._cache.get(KIND, key, Answer)
        return found

    async def put(self, key: str, answer: Answer) -> None:
        """Remember an answer."""
        if self._cache is not None:
            await self._cache.set(KIND, key, answer)
