from __future__ import annotations

import asyncio
import contextvars
import threading
import time

import pytest

from ai_catalyst.engine import run_sync
from ai_catalyst.pdf.hops import Hops
from ai_catalyst.pdf.threads import Threads

NAME: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")


async def test_as_many_calls_run_at_once_as_there_are_threads() -> None:
    threads = Threads(4)
    lock = threading.Lock()
    running = most = 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    await asyncio.gather(*(threads.call(work) for _ in range(20)))
    assert most == 4


async def test_a_call_sees_its_callers_context_and_its_error_comes_back() -> None:
    threads = Threads(1)
    NAME.set("Jane Doe")
    assert await threads.call(NAME.get) == "Jane Doe"
    with pytest.raises(ZeroDivisionError):
        await threads.call(lambda: 1 // 0)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await threads.call(next, iter(()))
    assert await threads.call(str, 7) == "7"


async def test_a_caller_that_left_harms_nobody() -> None:
    threads = Threads(1)
    slow = asyncio.ensure_future(threads.call(time.sleep, 0.05))
    await asyncio.sleep(0.01)
    slow.cancel()
    assert await threads.call(str, 1) == "1"


def test_threads_serve_one_loop_after_another() -> None:
    threads = Threads(2)
    for number in range(3):
        assert asyncio.run(threads.call(str, number)) == str(number)
        assert run_sync(threads.call(str, number)) == str(number)


async def test_calls_that_come_together_go_in_one_hop() -> None:
    seen: list[int] = []

    def double(number: int) -> int:
        seen.append(threading.get_ident())
        if number == 3:
            raise ValueError("not three")
        return 2 * number

    hops = Hops(double)
    found = await asyncio.gather(*(hops(number) for number in range(6)), return_exceptions=True)
    assert isinstance(found[3], ValueError)
    assert [each for each in found if not isinstance(each, ValueError)] == [0, 2, 4, 8, 10]
    assert len(seen) == 6
    assert threading.get_ident() not in seen


async def test_a_hop_whose_caller_left_serves_the_others() -> None:
    hops = Hops(lambda seconds: time.sleep(seconds) or seconds)
    first, second = asyncio.ensure_future(hops(0.05)), asyncio.ensure_future(hops(0.0))
    await asyncio.sleep(0.01)
    first.cancel()
    assert await second == 0.0
