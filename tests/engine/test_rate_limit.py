"""The rate limit: never more than its promise, never less than it could, in order."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_time import VirtualLoop, run_virtual, virtual_now

from ai_catalyst.engine import RateLimit
from ai_catalyst.engine.standstill import blocked_thread
from ai_catalyst.errors import UserError

Passes = list[tuple[float, float]]


def assert_windows(passes: Sequence[tuple[float, float]], rate: float, burst: float) -> None:
    """In each window that begins and ends with a pass: at most rate·w + burst units."""
    passes = sorted(passes)
    for first, (start, _) in enumerate(passes):
        units = 0.0
        for end, weight in passes[first:]:
            units += weight
            most = rate * (end - start) + max(burst, weight)
            assert units <= most + 1e-6, f"{units} units in {end - start} s, {most} allowed"


def virtual_limit(rate: float, burst: float = 1) -> RateLimit:
    return RateLimit(rate, burst, clock=asyncio.get_running_loop().time)


def test_a_burst_passes_at_once_and_the_rest_evenly() -> None:
    async def main() -> None:
        limit, start = virtual_limit(10, burst=3), virtual_now()
        passed = []
        for _ in range(6):
            await limit.acquire()
            passed.append(virtual_now() - start)
        assert passed == pytest.approx([0, 0, 0, 0.1, 0.2, 0.3])

    run_virtual(main())


def test_callers_pass_in_the_order_they_came() -> None:
    async def main() -> None:
        limit, order = virtual_limit(5), list[int]()

        async def call(number: int) -> None:
            await limit.acquire()
            order.append(number)

        async with asyncio.TaskGroup() as group:
            for number in range(50):
                group.create_task(call(number))
        assert order == list(range(50))
        assert virtual_now() == pytest.approx(1000 + 49 / 5)

    run_virtual(main())


def test_nobody_polls() -> None:
    async def main() -> int:
        limit = virtual_limit(1)
        turns = 0

        async def call() -> None:
            await limit.acquire()

        def count() -> None:
            nonlocal turns
            turns += 1

        loop = asyncio.get_running_loop()
        original = loop.call_later

        def call_later(*args: object, **kwargs: object) -> asyncio.TimerHandle:
            count()
            return original(*args, **kwargs)  # type: ignore[arg-type]

        loop.call_later = call_later  # type: ignore[method-assign]
        async with asyncio.TaskGroup() as group:
            for _ in range(200):
                group.create_task(call())
        return turns

    assert run_virtual(main()) == 199


def test_a_call_heavier_than_the_burst_passes_alone_when_the_bucket_is_full() -> None:
    async def main() -> None:
        limit, start = virtual_limit(10, burst=5), virtual_now()
        await limit.acquire(2)
        await limit.acquire(50)
        assert virtual_now() - start == pytest.approx(0.2)  # when the 2 have come back
        await limit.acquire(1)
        assert virtual_now() - start == pytest.approx(0.2 + 46 / 10)

    run_virtual(main())


def test_try_acquire_takes_or_says_how_long_to_wait() -> None:
    async def main() -> None:
        limit = virtual_limit(2, burst=1)
        assert limit.try_acquire() == 0.0
        assert limit.try_acquire() == pytest.approx(0.5)
        assert limit.try_acquire() == pytest.approx(0.5)  # asking takes nothing
        await asyncio.sleep(0.5)
        assert limit.try_acquire() == 0.0

    run_virtual(main())


def test_try_acquire_overtakes_nobody() -> None:
    async def main() -> None:
        limit = virtual_limit(1)
        await limit.acquire()
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(limit.acquire())
            await asyncio.sleep(0)
            assert limit.try_acquire() == pytest.approx(4)
        assert virtual_now() == pytest.approx(1003)

    run_virtual(main())


def test_a_pause_holds_everybody_back_and_never_ends_early() -> None:
    async def main() -> None:
        limit, start = virtual_limit(10), virtual_now()
        passed = []

        async def call() -> None:
            await limit.acquire()
            passed.append(virtual_now() - start)

        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(call())
            await asyncio.sleep(0.15)
            limit.pause(5)
            limit.pause(1)  # a later, shorter one changes nothing
            assert limit.try_acquire() > 5
        assert passed == pytest.approx([0, 0.1, 5.15, 5.25])

    run_virtual(main())


def test_the_cancelled_give_their_slots_to_those_behind_them() -> None:
    async def main() -> None:
        limit, start = virtual_limit(1), virtual_now()
        await limit.acquire()
        waiting = [asyncio.create_task(limit.acquire()) for _ in range(100)]
        await asyncio.sleep(0.5)
        for task in waiting[:99]:
            task.cancel()
        await asyncio.wait(waiting)
        assert virtual_now() - start == pytest.approx(1)

    run_virtual(main())


def test_when_all_who_wait_are_cancelled_no_time_is_owed() -> None:
    async def main() -> None:
        limit, start = virtual_limit(1), virtual_now()
        await limit.acquire()
        waiting = [asyncio.create_task(limit.acquire()) for _ in range(1000)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        await limit.acquire()
        assert virtual_now() - start == pytest.approx(1)

    run_virtual(main())


def test_one_cancelled_in_the_middle_leaves_no_gap() -> None:
    async def main() -> None:
        limit, start = virtual_limit(1), virtual_now()
        passed = []

        async def call() -> None:
            await limit.acquire()
            passed.append(virtual_now() - start)

        tasks = [asyncio.create_task(call()) for _ in range(6)]
        await asyncio.sleep(0.5)
        tasks[2].cancel()
        await asyncio.sleep(0)
        tasks[4].cancel()
        await asyncio.wait(tasks)
        assert passed == pytest.approx([0, 1, 2, 3])

    run_virtual(main())


def test_after_a_stall_nobody_makes_up_for_lost_time() -> None:
    """The loop stood for five seconds with callers due in each: they leave one by one."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        limit = virtual_limit(1)
        passes: Passes = []
        wakes = 0

        async def call() -> None:
            nonlocal wakes
            await limit.acquire()
            passes.append((virtual_now(), 1))

        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(call())
            await asyncio.sleep(1.5)
            loop.now += 5
        assert_windows(passes, 1, 1)
        assert passes[-1][0] == pytest.approx(passes[0][0] + 6.5 + 7)  # and none is lost after

    run_virtual(main())


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
async def test_a_weight_that_makes_no_sense_is_refused(weight: float) -> None:
    with pytest.raises(UserError, match="weigh"):
        await RateLimit(1).acquire(weight)


@pytest.mark.parametrize(
    ("rate", "burst"), [(0, 1), (-1, 1), (1, 0), (1, -2), (float("nan"), 1), (1, float("nan"))]
)
def test_a_rate_that_makes_no_sense_is_refused(rate: float, burst: float) -> None:
    with pytest.raises(UserError, match="positive"):
        RateLimit(rate, burst)


async def test_no_weight_costs_nothing_and_no_rate_is_endless() -> None:
    limit = RateLimit(1)
    assert limit.try_acquire(0) == 0.0
    assert limit.try_acquire() == 0.0
    endless = RateLimit(float("inf"), 1)
    for _ in range(100):
        await endless.acquire()


async def test_it_is_a_context_manager_and_release_does_nothing() -> None:
    limit = RateLimit(1000, 2)
    async with limit as entered:
        assert entered is limit
    limit.release(ValueError())
    assert limit.try_acquire() == 0.0


ACTIONS = st.one_of(
    st.tuples(st.just("call"), st.floats(0.1, 6), st.none() | st.floats(0, 3)),
    st.tuples(st.just("try"), st.floats(0.1, 6), st.none()),
    st.tuples(st.just("pause"), st.floats(0, 2), st.none()),
    st.tuples(st.just("stall"), st.floats(0, 3), st.none()),
    st.tuples(st.just("sleep"), st.floats(0, 2), st.none()),
)


@settings(max_examples=60)
@given(
    rate=st.floats(0.5, 20),
    burst=st.floats(0.5, 5),
    actions=st.lists(ACTIONS, min_size=1, max_size=40),
)
def test_no_window_ever_holds_more_than_the_promise(
    rate: float, burst: float, actions: list[tuple[str, float, float | None]]
) -> None:
    """Weights, pauses, time-outs, stalls and impatient callers in any mixture."""

    async def main() -> tuple[Passes, list[tuple[float, float]]]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        limit = virtual_limit(rate, burst)
        passes: Passes = []
        pauses: list[tuple[float, float]] = []

        async def call(weight: float, patience: float | None) -> None:
            try:
                async with asyncio.timeout(patience):
                    await limit.acquire(weight)
                    passes.append((loop.now, weight))
            except TimeoutError:
                pass

        async with asyncio.TaskGroup() as group:
            for kind, amount, patience in actions:
                if kind == "call":
                    group.create_task(call(amount, patience))
                    await asyncio.sleep(0)
                elif kind == "try":
                    if limit.try_acquire(amount) == 0:
                        passes.append((loop.now, amount))
                elif kind == "pause":
                    limit.pause(amount)
                    pauses.append((loop.now, loop.now + amount))
                elif kind == "stall":
                    loop.now += amount
                else:
                    await asyncio.sleep(amount)
        return passes, pauses

    passes, pauses = run_virtual(main())
    assert_windows(passes, rate, burst)
    for moment, _ in passes:
        assert not any(start < moment < end - 1e-9 for start, end in pauses)


@settings(max_examples=50)
@given(
    rate=st.floats(0.5, 50),
    burst=st.integers(1, 5),
    count=st.integers(1, 40),
    cancelled=st.sets(st.integers(0, 39)),
)
def test_what_is_allowed_is_used_to_the_full(
    rate: float, burst: int, count: int, cancelled: set[int]
) -> None:
    """Whoever is cancelled, the others leave as if those had never come."""

    async def main() -> list[float]:
        limit, start, passed = virtual_limit(rate, burst), virtual_now(), list[float]()

        async def call() -> None:
            await limit.acquire()
            passed.append(virtual_now() - start)

        for _ in range(burst):
            await limit.acquire()
        tasks = [asyncio.create_task(call()) for _ in range(count)]
        for number in sorted(cancelled & set(range(count))):
            await asyncio.sleep(0)
            tasks[number].cancel()
        await asyncio.wait(tasks)
        return passed

    passed = run_virtual(main())
    assert passed == pytest.approx([(n + 1) / rate for n in range(len(passed))])
    assert len(passed) == count - len(cancelled & set(range(count)))


def test_threads_and_their_loops_share_one_rate() -> None:
    decided = threading.local()

    def clock() -> float:
        decided.at = time.monotonic()  # the last reading before a pass is when it was decided
        return decided.at

    rate, burst = 500.0, 5.0
    limit = RateLimit(rate, burst, clock=clock)
    passes: Passes = []

    async def caller(number: int) -> None:
        for turn in range(10):
            if number % 3 == 2 and turn % 2:
                while limit.try_acquire() > 0:
                    await asyncio.sleep(0.001)
            else:
                await limit.acquire()
            passes.append((decided.at, 1))

    async def crowd() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(6):
                group.create_task(caller(number))

    threads = [threading.Thread(target=asyncio.run, args=(crowd(),)) for _ in range(4)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(passes) == 240
    assert_windows(passes, rate, burst)
    assert passes[-1][0] - started < 240 / rate + 2


async def test_nobody_waits_for_a_caller_whose_loop_stands_still() -> None:
    limit = RateLimit(20)
    queued = threading.Event()
    go_on = threading.Event()

    async def stuck() -> None:
        waiting = asyncio.create_task(limit.acquire())
        await asyncio.sleep(0)
        queued.set()
        with blocked_thread(threading.get_ident()):
            go_on.wait(10)
        await waiting

    await limit.acquire()
    thread = threading.Thread(target=asyncio.run, args=(stuck(),))
    thread.start()
    await asyncio.to_thread(queued.wait)
    async with asyncio.timeout(5):
        await limit.acquire()
    go_on.set()
    await asyncio.to_thread(thread.join)
