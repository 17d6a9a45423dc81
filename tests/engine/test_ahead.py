"""Reading ahead: bounded, by priority, and never a loop that stands."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.engine.ahead import Ahead


async def drain(ahead: Ahead[int]) -> list[int]:
    found = []
    while (pulled := await ahead.pull()) is not None:
        found.append(pulled[1])
    return found


async def test_items_come_in_their_order_and_at_most_so_many_are_read_ahead() -> None:
    read: list[int] = []

    def items() -> Iterator[tuple[int, int]]:
        for number in range(20):
            read.append(number)
            yield number, number

    ahead = Ahead[int](4)
    async with asyncio.TaskGroup() as group:
        group.create_task(ahead.fill(items()))
        for number in range(20):
            assert await ahead.pull() == (number, number)
            assert len(read) <= number + 5
        assert await ahead.pull() is None
        assert await ahead.pull() is None


@given(ranks=st.lists(st.integers(0, 5), max_size=40))
async def test_the_lowest_come_first_and_equal_ones_in_their_order(ranks: list[int]) -> None:
    ahead = Ahead[int](max(1, len(ranks)), lambda rank: rank, patient=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(ahead.fill(iter(enumerate(ranks))))
        found = []
        while (pulled := await ahead.pull()) is not None:
            found.append(pulled)
    assert found == sorted(enumerate(ranks), key=lambda pair: (pair[1], pair[0]))


async def test_items_that_cannot_be_compared_need_not_be() -> None:
    ahead = Ahead[object](9, lambda _: 1, patient=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(ahead.fill(iter(enumerate([{}, [], None]))))
        assert [await ahead.pull() for _ in range(4)] == [(0, {}), (1, []), (2, None), None]


async def test_the_impatient_take_what_is_there() -> None:
    ahead = Ahead[int](100, lambda number: number)
    asked = 0

    async def advance() -> tuple[int, int] | None:
        nonlocal asked
        asked += 1
        if asked == 3:
            await asyncio.Event().wait()  # the third never comes
        return asked, -asked

    task = asyncio.create_task(ahead.fill_from(advance))
    await asyncio.sleep(0)
    assert await ahead.pull() == (2, -2)
    assert await ahead.pull() == (1, -1)
    assert ahead.take() is None
    task.cancel()
    await asyncio.wait([task])


async def test_a_long_input_does_not_hold_up_the_loop() -> None:
    """The loop guard of the suite allows 50 ms; ranking these takes some hundred."""

    def rank(number: int) -> int:
        time.sleep(0.0005)
        return -number

    ahead = Ahead[int](300, rank, patient=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(ahead.fill(iter(enumerate(range(300)))))
        assert await ahead.pull() == (299, 299)
        assert len(await drain(ahead)) == 299


async def test_what_the_input_or_the_priority_raises_is_raised_where_it_is_read() -> None:
    with pytest.raises(ZeroDivisionError):
        await Ahead[int](3, lambda number: 1 / number).fill(iter([(0, 1), (1, 0)]))
