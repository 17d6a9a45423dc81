"""The source: lazy, shared, closed, whatever kind of input it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from ai_catalyst.engine.source import LOOKAHEAD, Source


class Numbers:
    """An async input that tells how far it was read and whether it was closed."""

    def __init__(self, upto: int) -> None:
        self.upto = upto
        self.read = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[int]:
        try:
            while self.read < self.upto:
                self.read += 1
                await asyncio.sleep(0)
                yield self.read - 1
        finally:
            self.closed = True

    def __iter__(self) -> Iterator[int]:
        try:
            while self.read < self.upto:
                self.read += 1
                yield self.read - 1
        finally:
            self.closed = True


async def drain(source: Source[int]) -> list[tuple[int, int]]:
    found = []
    async with asyncio.TaskGroup() as group:
        source.start(group)
        while (pulled := await source.pull()) is not None:
            found.append(pulled)
    return found


async def test_a_plain_input_is_pulled_lazily_and_numbered() -> None:
    numbers = Numbers(5)
    source = Source(iter(numbers))
    assert numbers.read == 0
    assert await source.pull() == (0, 0)
    assert numbers.read == 1
    assert await drain(source) == [(n, n) for n in range(1, 5)]


@pytest.mark.parametrize("ahead", [0, 4])
async def test_an_async_input_is_pulled_once_each_by_many_readers(ahead: int) -> None:
    numbers = Numbers(50)
    source: Source[int] = Source(aiter(numbers), ahead=ahead)
    found: list[tuple[int, int]] = []

    async def reader() -> None:
        while (pulled := await source.pull()) is not None:
            found.append(pulled)
            assert numbers.read <= len(found) + 10 + ahead

    async with asyncio.TaskGroup() as group:
        source.start(group)
        for _ in range(10):
            group.create_task(reader())
    assert sorted(found) == [(n, n) for n in range(50)]


async def test_after_the_end_an_input_is_not_asked_again() -> None:
    class Once:
        asked = 0

        def __aiter__(self) -> Once:
            return self

        async def __anext__(self) -> int:
            self.asked += 1
            if self.asked > 1:
                await asyncio.Event().wait()
            raise StopAsyncIteration

    source: Source[int] = Source(Once())
    assert await source.pull() is None
    async with asyncio.timeout(5):
        assert await source.pull() is None


async def test_the_total_is_known_when_the_input_has_a_length() -> None:
    assert Source([1, 2, 3]).total == 3
    assert Source({"a": 1}).total == 1
    assert Source(iter([1])).total is None
    assert Source(aiter(Numbers(2))).total is None


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_closing_closes_a_generator_that_was_not_read_to_its_end(kind: str) -> None:
    numbers = Numbers(9)
    source: Source[int] = Source(aiter(numbers) if kind == "async" else iter(numbers))
    await source.pull()
    assert not numbers.closed
    await source.close()
    assert numbers.closed


async def test_closing_leaves_alone_what_is_not_a_generator() -> None:
    class Stream:
        closed = False

        def __aiter__(self) -> Stream:
            return self

        async def __anext__(self) -> int:
            return 1

        async def aclose(self) -> None:
            self.closed = True

    stream = Stream()
    source: Source[int] = Source(stream)
    assert await source.pull() == (0, 1)
    await source.close()
    assert not stream.closed  # who opened it closes it


async def test_priority_looks_at_all_items_of_known_length() -> None:
    found = await drain(Source([5, 1, 4, 1, 3], priority=lambda n: n))
    assert found == [(1, 1), (3, 1), (4, 3), (2, 4), (0, 5)]


async def test_priority_looks_ahead_in_an_input_of_unknown_length() -> None:
    numbers = Numbers(3 * LOOKAHEAD)
    source = Source(iter(numbers), priority=lambda n: -n)
    async with asyncio.TaskGroup() as group:
        source.start(group)
        assert await source.pull() == (LOOKAHEAD - 1, LOOKAHEAD - 1)
        assert numbers.read <= LOOKAHEAD + 1
        rest = []
        while (pulled := await source.pull()) is not None:
            rest.append(pulled[1])
    assert sorted(rest) == [n for n in range(3 * LOOKAHEAD) if n != LOOKAHEAD - 1]


async def test_priority_does_not_wait_for_an_async_input_that_is_not_there_yet() -> None:
    """An input fed by the results of the batch would wait for itself."""
    queue: asyncio.Queue[int] = asyncio.Queue()

    async def items() -> AsyncIterator[int]:
        while (number := await queue.get()) >= 0:
            yield number

    source: Source[int] = Source(items(), priority=lambda n: -n)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        source.start(group)
        for number in (7, 9, 8):
            queue.put_nowait(number)
        await asyncio.sleep(0.001)
        assert [await source.pull() for _ in range(3)] == [(1, 9), (2, 8), (0, 7)]
        queue.put_nowait(-1)
        assert await source.pull() is None


@pytest.mark.parametrize("kind", ["plain", "async", "ahead", "ranked"])
async def test_pull_some_takes_what_is_there_and_ends_with_nothing(kind: str) -> None:
    numbers = Numbers(10)
    source: Source[int] = Source(
        iter(numbers) if kind in ("plain", "ranked") else aiter(numbers),
        ahead=4 if kind == "ahead" else 0,
        priority=(lambda n: n) if kind == "ranked" else None,
    )
    found: list[int] = []
    async with asyncio.TaskGroup() as group:
        source.start(group)
        while some := await source.pull_some(3):
            assert 1 <= len(some) <= 3
            found += [item for _, item in some]
    assert found == list(range(10))
    assert await source.pull_some(3) == []
