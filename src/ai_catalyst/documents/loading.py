"""What is in a file, without stopping the loop: threads read harmless formats, workers others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Protocol, cast

from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.hopping import hop_by_hop
from ai_catalyst.documents.opening import Opened, digest_of, held
from ai_catalyst.documents.parsing import batches, collect, items, named
from ai_catalyst.errors import (
    FileError,
    FileTimeout,
    WorkerCrashed,
    WorkerError,
    WorkerOutOfMemory,
    WorkerTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ai_catalyst.documents.readers.registry import Data, Read, Reader

__all__ = ["Loader", "Pool", "ReadCache"]

TIMEOUT_S = 60.0
STREAM_FROM = 4 * 2**20
"""A file of rows this large is streamed from its worker at once, not collected first."""
CACHED_CHARS = 16 * 2**20
_HOP_S = 0.02
_HOP_ITEMS = 1000

Found = "list[Data | FileError]"


class Pool(Protocol):
    """What is needed of a `WorkerPool`."""

    async def run(
        self, func: Callable[..., Any], /, *args: Any, timeout: float | None = None
    ) -> Any:
        """Call an importable function in a worker process."""
        ...

    def stream(
        self,
        func: Callable[..., Any],
        /,
        *args: Any,
        timeout: float | None = None,
        silence: float | None = None,
    ) -> AsyncIterator[Any]:
        """Iterate an importable generator function in a worker process."""
        ...


class ReadCache(Protocol):
    """What is needed of a cache: values that msgspec can write, by kind and key."""

    async def get(self, kind: str, key: str) -> Any:
        """Return the value, or None."""
        ...

    async def set(self, kind: str, key: str, value: Any, *, label: str | None = None) -> None:
        """Keep a value; ``label`` is the URI of the document it came of."""
        ...


class Loader:
    """Reads opened files. Hostile formats are parsed in ``pool`` (the shared one when None).

    A parse takes at most ``timeout_s`` seconds. With a ``cache``, what a hostile file held is
    remembered by the SHA-256 of its bytes and the reader's version, and not parsed again.
    """

    def __init__(
        self,
        *,
        pool: Pool | None = None,
        cache: ReadCache | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Take what is needed; nothing starts before a hostile file comes."""
        self._given_pool = pool
        self._cache = cache
        self._timeout_s = timeout_s

    @property
    def _pool(self) -> Pool:
        if self._given_pool is None:
            from ai_catalyst.engine.workers import shared_pool

            self._given_pool = cast(Pool, shared_pool())
        return self._given_pool

    async def load(self, opened: Opened) -> Opened:
        """Parse a hostile file; what is left without ``found`` is to be streamed."""
        reader = opened.reader
        if opened.error is not None or reader is None or not reader.hostile:
            return opened
        if opened.found is None:
            await self._parse(opened, reader)
        return opened

    async def _parse(self, opened: Opened, reader: Reader) -> None:
        try:
            blob, key = await asyncio.to_thread(_prepared, opened.blob, reader, self._cache)
        except FileError as error:
            opened.error = named(error, opened.blob.name)
            return
        opened.blob = blob
        if key and self._cache is not None:
            opened.found = await self._cache.get("read", key)
            if opened.found is not None:
                return
        if reader.streams and blob.data is None:
            return
        try:
            found, whole = await self._in_worker(collect, reader, blob)
        except FileError as error:
            opened.error = error
            return
        if whole:
            opened.found = found
            opened.blob = Blob(blob.name)  # its bytes have done their work
            if key and self._cache is not None and _worth_keeping(found):
                await self._cache.set("read", key, found, label=blob.name)

    async def _in_worker(
        self, task: Callable[..., Any], reader: Reader, blob: Blob
    ) -> tuple[list[Data | FileError], bool]:
        try:
            result = await self._pool.run(task, reader.read, blob, timeout=self._timeout_s)
        except WorkerError as error:
            failure = self._failed(error, blob.name)
            if reader.rescue is None:
                raise failure from error
            result = await self._rescue(reader.rescue, blob, failure)
        return cast("tuple[list[Data | FileError], bool]", result)

    async def _rescue(self, read: Read, blob: Blob, failure: FileError) -> Any:
        """Read a file that killed its worker in the simpler way its reader offers."""
        try:
            return await self._pool.run(collect, read, blob, timeout=self._timeout_s)
        except WorkerError:
            raise failure from failure.__cause__

    def _failed(self, error: WorkerError, name: str) -> FileError:
        failure: FileError
        if isinstance(error, WorkerTimeout):
            why = f"took longer than {self._timeout_s:g} s to read"
            failure = FileTimeout(f"{name}: {why}", path=name, kind="timeout")
        elif isinstance(error, WorkerOutOfMemory):
            why = f"{name}: needs more memory to be read than a file may have"
            failure = FileError(why, path=name, kind="out_of_memory")
        elif isinstance(error, WorkerCrashed):
            why = f"{name}: crashed the program that reads it"
            failure = FileError(why, path=name, kind="crashed")
        else:
            failure = FileError(f"{name}: could not be read", path=name, kind="crashed")
        failure.__cause__ = error
        return failure

    async def stream(self, opened: Opened) -> AsyncGenerator[list[Data | FileError], None]:
        """Yield the items of a file that was not read whole, some at a time."""
        reader, blob = opened.reader, opened.blob
        assert reader is not None
        if not reader.hostile:
            async with aclosing(hops(items(reader.read, blob))) as some:
                async for batch in some:
                    yield batch
            return
        stream = self._pool.stream(batches, reader.read, blob, silence=self._timeout_s)
        try:
            async for batch in stream:
                yield batch
        except WorkerError as error:
            yield [self._failed(error, blob.name)]
        finally:
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()


def _prepared(blob: Blob, reader: Reader, cache: ReadCache | None) -> tuple[Blob, str | None]:
    """Fetch a blob's bytes when they are few, and name its content for the cache."""
    blob = held(blob)
    if cache is None:
        return blob, None
    told = f":{blob.url or ''}:{blob.charset or ''}" if blob.url or blob.charset else ""
    return blob, f"{reader.kind}:{reader.version}:{digest_of(blob)}{told}"


def _worth_keeping(found: list[Data | FileError]) -> bool:
    size = 0
    for item in found:
        if isinstance(item, FileError):
            return False
        size += _chars(item)
    return size <= CACHED_CHARS


def _chars(item: Mapping[str, Any]) -> int:
    return sum(len(value) for value in item.values() if isinstance(value, str))


async def hops(
    found: Iterator[Data | FileError],
) -> AsyncGenerator[list[Data | FileError], None]:
    """Iterate a blocking iterator in a thread, many items a hop, one hop ahead of the reader."""
    permits = asyncio.Semaphore(2)
    try:
        async with aclosing(hop_by_hop(lambda: _take(found), permits)) as batches:
            async for batch in batches:
                yield batch
                permits.release()
    finally:
        close = getattr(found, "close", None)
        if close is not None:
            close()


def _take(found: Iterator[Data | FileError]) -> list[Data | FileError]:
    taken: list[Data | FileError] = []
    deadline = time.perf_counter() + _HOP_S
    for item in found:
        taken.append(item)
        if len(taken) % 8 == 0 and (len(taken) >= _HOP_ITEMS or time.perf_counter() > deadline):
            break
    return taken
