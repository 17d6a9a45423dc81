"""The way out: bounded, in order when asked, and no outcome lost or handed out twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.engine import Outcome
from ai_catalyst.engine.outbox import Outbox

Box = Outbox[Any, Any]


def outcomes(count: int) -> list[Outcome[Any, Any]]:
    return [Outcome(index, index) for index in range(count)]


async def read_all(box: Box) -> list[int]:
    return [outcome.index async for outcome in box]


async def test_outcomes_come_as_they_were_put() -> None:
    box: Box = Outbox()
    for index in (2, 0, 1):
        box.put(Outcome(index, None))
    box.close()
    assert await read_all(box) == [2, 0, 1]


@given(order=st.permutations(range(12)))
async def test_ordered_ones_come_in_input_order(order: list[int]) -> None:
    box: Box = Outbox(ordered=True)
    for index in order:
        box.put(Outcome(index, None))
    box.close()
    assert await read_all(box) == list(range(12))


async def test_it_is_full_at_its_bound_and_writers_wait_until_half_is_read() -> None:
    box: Box = Outbox(4)
    assert [box.put(outcome) for outcome in outcomes(4)] == [False, False, False, True]
    writers = [asyncio.create_task(box.space()) for _ in range(3)]
    await asyncio.sleep(0)
    reader = aiter(box)
    await anext(reader)
    await asyncio.sleep(0)
    assert not any(writer.done() for writer in writers)
    await anext(reader)
    async with asyncio.timeout(5):
        await asyncio.gather(*writers)


async def test_what_is_held_back_counts_as_well() -> None:
    box: Box = Outbox(3, ordered=True)
    assert [box.put(Outcome(index, None)) for index in (1, 2, 3)] == [False, False, True]
    assert len(box) == 3
    box.put(Outcome(0, None))
    box.close()
    assert await read_all(box) == [0, 1, 2, 3]


async def test_closing_frees_writers() -> None:
    box: Box = Outbox(1)
    box.put(Outcome(0, None))
    writer = asyncio.create_task(box.space())
    await asyncio.sleep(0)
    box.close()
    async with asyncio.timeout(5):
        await writer
        await box.space()


async def test_a_failure_comes_after_what_was_finished_and_each_time_it_is_asked() -> None:
    box: Box = Outbox()
    box.put(Outcome(0, None))
    box.close(OSError("input gone"))
    box.close()  # the first word counts
    assert (await anext(box)).index == 0
    assert not box.heard
    for _ in range(2):
        with pytest.raises(OSError, match="input gone"):
            await anext(box)
    assert box.heard


async def test_an_error_that_looks_like_the_end_is_not_taken_for_it() -> None:
    box: Box = Outbox()
    box.close(StopAsyncIteration())
    with pytest.raises(RuntimeError, match="StopAsyncIteration"):
        await read_all(box)
    box = Outbox(fail_fast=True)
    box.put(Outcome(0, None, error=StopAsyncIteration()))
    with pytest.raises(RuntimeError, match="StopAsyncIteration"):
        await read_all(box)


async def test_with_fail_fast_an_items_error_is_raised() -> None:
    box: Box = Outbox(fail_fast=True)
    box.put(Outcome(0, None, 1))
    box.put(Outcome(1, None, error=KeyError("x")))
    assert (await anext(box)).value == 1
    with pytest.raises(KeyError):
        await anext(box)


async def test_a_reader_that_is_cancelled_loses_nothing() -> None:
    box: Box = Outbox()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await anext(box)
    for outcome in outcomes(3):
        box.put(outcome)
    box.close()
    assert await read_all(box) == [0, 1, 2]


async def test_several_readers_share_what_there_is() -> None:
    box: Box = Outbox()
    readers = [asyncio.create_task(read_all(box)) for _ in range(3)]
    for outcome in outcomes(30):
        box.put(outcome)
        await asyncio.sleep(0)
    box.close()
    async with asyncio.timeout(5):
        shares = await asyncio.gather(*readers)
    assert sorted(index for share in shares for index in share) == list(range(30))
