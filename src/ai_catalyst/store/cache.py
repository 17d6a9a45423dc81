"""A cache of two tiers: memory, then the store's file, or a Redis server that many share."""

from __future__ import annotations

import contextvars
import functools
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from ai_catalyst.engine.single_flight import SingleFlight
from ai_catalyst.store.disk import Row
from ai_catalyst.store.memory import Memory, Slot

__all__ = ["TTL_S", "Cache", "CacheStats", "Tier", "origin"]

T = TypeVar("T")

TTL_S: Mapping[str, float] = {"rss": 3600.0, "scraped": 604_800.0, "api": 2_592_000.0}
"""How long values of a kind are kept, in seconds."""
OTHER_TTL_S = 604_800.0

origin: contextvars.ContextVar[str | None] = contextvars.ContextVar("catalyst_origin", default="")
"""The URI of the document being worked on: what is cached meanwhile is erased together with it.

None where it is several documents: what is made of them together is not cached.
"""


class CacheStats(msgspec.Struct, frozen=True):
    """What the cache did since it was made, and what it holds; bytes are of encoded values."""

    hits_memory: int
    hits_disk: int
    misses: int
    memory_entries: int
    memory_bytes: int
    disk_entries: int
    disk_bytes: int
    evicted: int
    kinds: dict[str, int]


class _Missing:
    """What no caller can have stored."""


_MISSING = _Missing()


class Tier(Protocol):
    """Where values are kept beside this process's memory: `Disk`, or `Remote`."""

    evicted: int

    async def get(self, kind: str, key: str, now: float) -> Row | None:
        """Return a value that is there, whole, and has not expired."""
        ...

    async def put(self, kind: str, key: str, row: Row, now: float) -> None:
        """Keep a value."""
        ...

    async def clear(self, kind: str | None = None) -> int:
        """Remove all values, or those of a kind; returns how many."""
        ...

    async def forget(self, which: Callable[[str], bool], before: float | None) -> int:
        """Remove what came from documents for whose URI ``which`` holds; returns how many.

        With ``before``, seconds since the epoch, only what was kept before that time.
        """
        ...

    async def sizes(self) -> dict[str, tuple[int, int]]:
        """Return for each kind how many values there are and their bytes."""
        ...

    async def close(self) -> None:
        """Let go of what is open."""
        ...


class Cache:
    """Keeps what costs time or money to have again, as MessagePack, never as pickle.

    Without a ``disk`` (a `Disk`, or a `Remote`) it is memory only. ``ttl_s`` overrides how long a
    kind is kept (`TTL_S`).
    A value comes back decoded anew each time: plain data, or the type asked for (``as_type``). A
    damaged or expired row is a miss; a fault of the file or server is logged once, and never stops
    the work.
    """

    def __init__(
        self,
        disk: Tier | None = None,
        *,
        memory_bytes: int = 256 << 20,
        ttl_s: Mapping[str, float] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Start with an empty memory."""
        self._disk = disk
        self._memory = Memory(memory_bytes)
        self._ttl_s = {**TTL_S, **(ttl_s or {})}
        self._clock = clock
        self._flight: SingleFlight[Any] = SingleFlight()
        self._hits_memory = self._hits_disk = self._misses = 0

    async def get(self, kind: str, key: str, as_type: Any = Any) -> Any | None:
        """Return a value, None when there is none."""
        found = await self._find(kind, key, as_type)
        return None if found is _MISSING else found

    async def set(
        self,
        kind: str,
        key: str,
        value: object,
        ttl_s: float | None = None,
        *,
        label: str | None = None,
    ) -> None:
        """Keep a value for ``ttl_s`` seconds, or as long as its kind is kept; durable on return.

        ``label`` is the URI of the document it came from; by default the one being worked on.
        """
        encoded = msgspec.msgpack.encode(value)
        now = self._clock()
        expires = now + (self._ttl_s.get(kind, OTHER_TTL_S) if ttl_s is None else ttl_s)
        from_ = origin.get() if label is None else label
        if from_ is None:
            return  # of several documents: forgetting one of them would not find it
        self._memory.put((kind, key), Slot(encoded, expires, from_))
        if self._disk is not None:
            await self._disk.put(kind, key, Row(encoded, expires, from_), now)

    async def get_or_compute(
        self,
        kind: str,
        key: str,
        compute: Callable[[], Awaitable[T] | T],
        ttl_s: float | None = None,
        *,
        as_type: Any = Any,
    ) -> T:
        """Return a value, or what ``compute()`` returns, and keep that.

        Callers that ask for the same key meanwhile share one computation; errors are not kept.
        """
        found = await self._find(kind, key, as_type)
        if found is not _MISSING:
            return found  # type: ignore[no-any-return]

        async def make() -> T:
            again = self._remember(kind, key, as_type)
            if again is _MISSING:
                again = await self._read(kind, key, as_type)
            if again is not _MISSING:  # made between our look and our turn
                return again  # type: ignore[no-any-return]
            made = compute()
            value = await made if inspect.isawaitable(made) else made
            await self.set(kind, key, value, ttl_s)
            return value

        return await self._flight.do((kind, key), make)  # type: ignore[no-any-return]

    async def clear(self, kind: str | None = None) -> int:
        """Remove everything, or everything of a kind; returns how many values were removed."""
        removed = self._memory.drop(lambda key, _: kind is None or key[0] == kind)
        return removed if self._disk is None else await self._disk.clear(kind)

    async def stats(self) -> CacheStats:
        """Return hits and misses since the start, and what is held now."""
        kinds = {} if self._disk is None else await self._disk.sizes()
        return CacheStats(
            hits_memory=self._hits_memory,
            hits_disk=self._hits_disk,
            misses=self._misses,
            memory_entries=len(self._memory),
            memory_bytes=self._memory.bytes,
            disk_entries=sum(entries for entries, _ in kinds.values()),
            disk_bytes=sum(bytes_ for _, bytes_ in kinds.values()),
            evicted=self._memory.evicted + (self._disk.evicted if self._disk else 0),
            kinds={kind: entries for kind, (entries, _) in kinds.items()},
        )

    async def forget(self, which: Callable[[str], bool], before: float | None = None) -> None:
        """Drop what came from documents for whose URI ``which`` holds; what is older, if given.

        Raises `StoreError` when the second tier does not answer: something may be left there.
        """
        if self._disk is not None:
            await self._disk.forget(which, before)
        self._memory.drop(lambda key, slot: which(slot.label) or which(key[1]))

    async def close(self) -> None:
        """Close the connection to the second tier; the writer is its owner's to close."""
        if self._disk is not None:
            await self._disk.close()

    async def _find(self, kind: str, key: str, as_type: Any) -> Any:
        value = self._remember(kind, key, as_type)
        if value is not _MISSING:
            self._hits_memory += 1
            return value
        value = await self._read(kind, key, as_type)
        if value is not _MISSING:
            self._hits_disk += 1
        else:
            self._misses += 1
        return value

    def _remember(self, kind: str, key: str, as_type: Any) -> Any:
        encoded = self._memory.get((kind, key), self._clock())
        return _MISSING if encoded is None else _decode(encoded, as_type)

    async def _read(self, kind: str, key: str, as_type: Any) -> Any:
        row = None if self._disk is None else await self._disk.get(kind, key, self._clock())
        if row is None:
            return _MISSING
        value = _decode(row.value, as_type)
        if value is not _MISSING:
            self._memory.put((kind, key), Slot(row.value, row.expires, row.label))
        return value


def _decode(encoded: bytes, as_type: Any) -> Any:
    """Decode a value; one that no longer fits its type is a miss."""
    try:
        return _decoder(as_type).decode(encoded)
    except msgspec.MsgspecError:
        return _MISSING


@functools.lru_cache(maxsize=256)
def _decoder(as_type: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(as_type)
