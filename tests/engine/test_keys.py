"""Keys: plain or coroutine, bounded, and one that fails harms no other."""

from __future__ import annotations

import asyncio
import time

import pytest

from ai_catalyst.engine.keys import keys_of


async def test_plain_keys_are_made_in_order() -> None:
    assert await keys_of([1, 2, 3], lambda n: b"%d" % n, 8) == [b"1", b"2", b"3"]
    assert await keys_of([], lambda n: b"", 8) == []


async def test_coroutine_keys_run_beside_each_other_up_to_the_limit() -> None:
    running = most = 0

    async def key(number: int) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(number % 4 + 1):
            await asyncio.sleep(0)
        running -= 1
        return b"%d" % number

    assert await keys_of(range(30), key, 5) == [b"%d" % n for n in range(30)]
    assert most == 5


@pytest.mark.parametrize("kind", ["plain", "coroutine", "cancelled"])
async def test_an_item_whose_key_fails_gets_its_error(kind: str) -> None:
    def plain(number: int) -> bytes:
        return b"%d" % (1 // number)

    async def coroutine(number: int) -> bytes:
        await asyncio.sleep(0)
        if kind == "cancelled" and not number:
            raise asyncio.CancelledError
        return plain(number)

    made = await keys_of([1, 0, 1], plain if kind == "plain" else coroutine, 2)
    assert (made[0], made[2]) == (b"1", b"1")
    assert isinstance(made[1], Exception)


async def test_slow_plain_keys_do_not_hold_up_the_loop() -> None:
    """The loop guard of the suite allows 50 ms."""

    def key(number: int) -> bytes:
        time.sleep(0.001)
        return b"%d" % number

    assert len(await keys_of(range(120), key, 4)) == 120


async def test_a_cancellation_ends_all_of_them() -> None:
    ended = 0

    async def key(number: int) -> bytes:
        nonlocal ended
        try:
            await asyncio.sleep(60)
        finally:
            ended += 1
        return b""

    task = asyncio.create_task(keys_of(range(10), key, 3))
    await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert ended == 3
    assert asyncio.all_tasks() == {asyncio.current_task()}
