from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import hostile_readers
import pytest
from reading import InlinePool

from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.loading import Loader, hops
from ai_catalyst.documents.opening import Opened
from ai_catalyst.documents.readers.registry import Reader
from ai_catalyst.engine import WorkerPool
from ai_catalyst.errors import (
    FileError,
    FileTimeout,
    WorkerCrashed,
    WorkerOutOfMemory,
    WorkerTimeout,
)


def reader(name: str, **about: Any) -> Reader:
    return Reader("hostile", getattr(hostile_readers, name), hostile=True, **about)


def opened(chosen: Reader, name: str = "f.pdf", data: bytes = b"x") -> Opened:
    return Opened(Blob(name, data=data), chosen)


class Cache:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Any] = {}
        self.labels: list[str | None] = []

    async def get(self, kind: str, key: str) -> Any:
        return self.kept.get((kind, key))

    async def set(self, kind: str, key: str, value: Any, *, label: str | None = None) -> None:
        self.kept[kind, key] = value
        self.labels.append(label)


@pytest.fixture
async def workers() -> AsyncIterator[WorkerPool]:
    async with WorkerPool(1, memory_bytes=2**30) as pool:
        yield pool


async def test_what_happens_to_a_worker_is_a_typed_error_of_the_file(workers: WorkerPool) -> None:
    loader = Loader(pool=workers, timeout_s=1.0)
    for name, error_type, kind, cause in (
        ("read_crash", FileError, "crashed", WorkerCrashed),
        ("read_greedy", FileError, "out_of_memory", WorkerOutOfMemory | MemoryError),
        ("read_hang", FileTimeout, "timeout", WorkerTimeout),
    ):
        found = await loader.load(opened(reader(name)))
        error = found.error or (found.found or [None])[0]
        assert isinstance(error, error_type), name
        assert error.kind == kind
        assert error.path == "f.pdf"
        assert isinstance(error.__cause__, cause) or error.__cause__ is None
    assert (await loader.load(opened(reader("read_simply")))).found == [{"text": "rescued"}]


async def test_a_reader_with_a_rescue_gets_a_second_try(workers: WorkerPool) -> None:
    loader = Loader(pool=workers, timeout_s=5.0)
    chosen = reader("read_crash", rescue=hostile_readers.read_simply)
    assert (await loader.load(opened(chosen))).found == [{"text": "rescued"}]
    chosen = reader("read_crash", rescue=hostile_readers.read_crash)
    failed = await loader.load(opened(chosen))
    assert failed.error is not None
    assert failed.error.kind == "crashed"
    assert isinstance(failed.error.__cause__, WorkerCrashed)


async def test_a_stream_that_dies_hands_on_what_came_before(workers: WorkerPool) -> None:
    loader = Loader(pool=workers, timeout_s=1.0)
    chosen = reader("read_crash", shape="table")
    (batch,) = [batch async for batch in loader.stream(opened(chosen))]
    assert isinstance(batch[0], FileError)
    assert batch[0].kind == "crashed"


async def test_many_rows_are_streamed_from_the_worker(pool: InlinePool) -> None:
    loader = Loader(pool=pool)
    found = await loader.load(opened(reader("read_rows", shape="table")))
    assert found.found is None
    rows = [row async for batch in loader.stream(found) for row in batch]
    assert rows == [{"n": number} for number in range(5000)]


async def test_what_a_hostile_file_held_is_remembered_by_its_bytes(pool: InlinePool) -> None:
    cache = Cache()
    loader = Loader(pool=pool, cache=cache)
    for _ in range(2):
        assert (await loader.load(opened(reader("read_simply")))).found == [{"text": "rescued"}]
    assert pool.calls == ["f.pdf"]
    assert cache.labels == ["f.pdf"]
    await loader.load(opened(reader("read_simply"), data=b"other"))
    await loader.load(opened(reader("read_simply", version=2)))
    assert len(pool.calls) == 3


async def test_errors_are_not_remembered(pool: InlinePool) -> None:
    cache = Cache()
    pool.failures["f.pdf"] = WorkerTimeout("slow")
    loader = Loader(pool=pool, cache=cache)
    assert (await loader.load(opened(reader("read_simply")))).error is not None
    assert not cache.kept
    assert (await loader.load(opened(reader("read_simply")))).found is not None


def slow_items(count: int, seconds: float, log: list[str]) -> Iterator[dict[str, int]]:
    try:
        for number in range(count):
            time.sleep(seconds)
            yield {"n": number}
    finally:
        log.append("closed")


async def test_hops_keep_the_order_and_the_loop_free() -> None:
    log: list[str] = []
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.005)
            ticks += 1

    ticking = asyncio.ensure_future(tick())
    found = [row async for batch in hops(slow_items(60, 0.002, log)) for row in batch]
    ticking.cancel()
    assert found == [{"n": number} for number in range(60)]
    assert ticks >= 8
    assert log == ["closed"]


async def test_a_reader_that_stops_early_closes_the_file() -> None:
    log: list[str] = []
    async with aclosing(hops(slow_items(10_000, 0.0005, log))) as batches:
        async for _ in batches:
            break
    assert log == ["closed"]


async def test_a_cancelled_reader_closes_the_file_too() -> None:
    log: list[str] = []

    async def read() -> None:
        async with aclosing(hops(slow_items(10_000, 0.0005, log))) as batches:
            async for _ in batches:
                pass

    task = asyncio.ensure_future(read())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["closed"]
