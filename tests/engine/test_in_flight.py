"""Permits: never more than the limit, first come first served, across threads and loops."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ai_catalyst.engine import AdaptiveLimit, InFlight
from ai_catalyst.engine.in_flight import aimd
from ai_catalyst.engine.standstill import blocked_thread
from ai_catalyst.errors import EndpointTimeout, RateLimited, UserError


async def test_at_most_so_many_at_once_and_all_come_to_their_turn() -> None:
    limit = InFlight(3)
    running = most = done = 0

    async def call() -> None:
        nonlocal running, most, done
        async with limit as entered:
            assert entered is limit
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            done += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(call())
    assert (most, done, limit.in_flight, limit.waiting) == (3, 50, 0, 0)


async def test_first_come_first_served() -> None:
    limit, order = InFlight(1), list[int]()

    async def call(number: int) -> None:
        async with limit:
            order.append(number)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for number in range(30):
            group.create_task(call(number))
    assert order == list(range(30))


async def test_who_comes_late_does_not_overtake_who_was_just_served() -> None:
    limit = InFlight(1)
    await limit.acquire()
    waiting = asyncio.create_task(limit.acquire())
    await asyncio.sleep(0)
    limit.release()  # the waiter has the permit, though it has not run yet
    assert not limit.try_acquire()
    assert limit.in_flight == 1
    await waiting
    limit.release()
    assert limit.try_acquire()
    limit.release()


async def test_a_cancelled_waiter_leaves_its_place() -> None:
    limit = InFlight(1)
    await limit.acquire()
    tasks = [asyncio.create_task(limit.acquire()) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.sleep(0)
    assert limit.waiting == 2
    limit.release()
    await tasks[1]
    limit.release()
    await tasks[2]
    limit.release()
    assert (limit.in_flight, limit.waiting) == (0, 0)


async def test_a_permit_that_comes_with_the_cancellation_goes_to_the_next() -> None:
    limit = InFlight(1)
    await limit.acquire()
    first, second = (asyncio.create_task(limit.acquire()) for _ in range(2))
    await asyncio.sleep(0)
    limit.release()  # hands the permit to the first …
    first.cancel()  # … who is cancelled before it can take it
    await second
    await asyncio.wait([first])
    assert first.cancelled()
    assert limit.in_flight == 1
    limit.release()


async def test_thousands_of_cancelled_waiters_do_not_hold_up_the_loop() -> None:
    limit = InFlight(1)
    await limit.acquire()
    tasks = []
    for _ in range(20):
        tasks += [asyncio.create_task(limit.acquire()) for _ in range(250)]
        await asyncio.sleep(0)
    started = time.process_time()
    for task in reversed(tasks):
        task.cancel()
        await asyncio.sleep(0)
    assert limit.waiting == 0
    assert time.process_time() - started < 2  # scanning the queue for each took 20
    limit.release()


async def test_a_permit_can_be_given_back_by_another_thread() -> None:
    limit = InFlight(1)
    await limit.acquire()
    waiting = asyncio.create_task(limit.acquire())
    await asyncio.sleep(0)
    await asyncio.to_thread(limit.release)
    async with asyncio.timeout(5):
        await waiting
    limit.release()
    assert limit.in_flight == 0


async def test_what_nobody_holds_cannot_be_released() -> None:
    limit = InFlight(2)
    with pytest.raises(RuntimeError, match="nobody holds"):
        limit.release()
    assert limit.in_flight == 0


@pytest.mark.parametrize("number", [0, -1])
async def test_a_limit_is_at_least_one(number: int) -> None:
    with pytest.raises(UserError, match="at least 1"):
        InFlight(number)


def test_threads_and_their_loops_share_the_permits() -> None:
    limit = InFlight(4)
    lock = threading.Lock()
    running = most = done = 0

    async def call() -> None:
        nonlocal running, most, done
        async with limit:
            with lock:
                running += 1
                most = max(most, running)
            try:
                await asyncio.sleep(0.0001)
                done += 1
            finally:
                with lock:
                    running -= 1

    async def crowd() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(150):
                task = group.create_task(call())
                if number % 7 == 0:
                    await asyncio.sleep(0)
                    task.cancel()

    threads = [threading.Thread(target=asyncio.run, args=(crowd(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads), "somebody was never served"
    assert most <= 4
    assert done >= 4 * 128
    assert (limit.in_flight, limit.waiting) == (0, 0)


def test_waiters_of_a_closed_loop_are_passed_over() -> None:
    limit = InFlight(1)
    assert limit.try_acquire()
    loop = asyncio.new_event_loop()
    lost = loop.create_task(limit.acquire())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert limit.waiting == 1

    async def main() -> None:
        waiting = asyncio.create_task(limit.acquire())
        await asyncio.sleep(0)
        limit.release()
        async with asyncio.timeout(5):
            await waiting
        limit.release()

    asyncio.run(main())
    assert (limit.in_flight, limit.waiting) == (0, 0)
    lost._log_destroy_pending = False  # type: ignore[attr-defined]
    del lost
    gc.collect()


# A loop that stands still.


async def test_permits_of_a_loop_that_stands_still_do_not_count() -> None:
    limit = InFlight(2)
    await limit.acquire()
    await limit.acquire()
    waiting = asyncio.create_task(limit.acquire())
    await asyncio.sleep(0)
    with blocked_thread(threading.get_ident()):

        async def twin() -> int:
            async with limit, limit:
                return limit.in_flight

        def other_loop() -> int:
            async def bounded() -> int:
                async with asyncio.timeout(5):
                    return await twin()

            return asyncio.run(bounded())

        found: list[int] = []
        thread = threading.Thread(target=lambda: found.append(other_loop()))
        thread.start()
        thread.join(10)
        assert found == [4]
    assert limit.in_flight == 2
    assert not waiting.done()
    limit.release()
    await waiting
    limit.release()
    limit.release()


async def test_a_waiter_whose_loop_stands_still_is_passed_over_and_served_after() -> None:
    """The permit goes to somebody who can use it, and is not forgotten when the loop goes on."""
    limit = InFlight(1)
    await limit.acquire()
    waiting = asyncio.create_task(limit.acquire())
    await asyncio.sleep(0)
    with blocked_thread(threading.get_ident()):

        async def other() -> None:
            async with asyncio.timeout(5), limit:
                pass

        thread = threading.Thread(target=asyncio.run, args=(other(),))
        thread.start()
        thread.join(10)
        limit.release()
        assert not limit.in_flight
    async with asyncio.timeout(5):
        await waiting
    limit.release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_starts_with_all_permits() -> None:
    limit = InFlight(1)
    assert limit.try_acquire()
    child = os.fork()
    if not child:
        os._exit(0 if limit.try_acquire() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert limit.in_flight == 1


# AdaptiveLimit.


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_a_success_in_full_use_raises_the_limit_and_idleness_does_not() -> None:
    limit = AdaptiveLimit(2)
    for _ in range(10):
        async with limit:
            pass
    assert limit.limit == 2
    for _ in range(3):  # each in full use until the first is back: a half, 0.4, 0.34
        async with limit, limit:
            pass
    assert limit.limit == 3


@pytest.mark.parametrize("error", [RateLimited("slow down"), EndpointTimeout("x"), TimeoutError()])
async def test_an_overload_lowers_it_once_a_cool_down(error: Exception) -> None:
    clock = Clock()
    limit = AdaptiveLimit(10, cooldown_s=1, clock=clock)
    for _ in range(8):
        await limit.acquire()
    for _ in range(4):
        limit.release(error)
    assert limit.limit == 7
    clock.now += 0.99
    limit.overloaded()
    assert limit.limit == 7
    clock.now += 0.02
    limit.release(error)
    limit.overloaded()
    assert limit.limit == 4
    for _ in range(3):
        limit.release(ValueError("says nothing about load"))
    assert limit.limit == 4


async def test_raising_the_limit_lets_in_who_waits() -> None:
    limit = AdaptiveLimit(1, policy=lambda current, over: current if over else current + 2)
    await limit.acquire()
    waiting = [asyncio.create_task(limit.acquire()) for _ in range(3)]
    await asyncio.sleep(0)
    limit.release()
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)
    assert limit.limit == limit.in_flight == 3


@pytest.mark.parametrize(
    ("initial", "minimum", "maximum"), [(0, 1, 2), (3, 1, 2), (1, 2, 3), (1, 0, 5)]
)
async def test_bounds_that_make_no_sense_are_refused(
    initial: int, minimum: int, maximum: int
) -> None:
    with pytest.raises(UserError, match="minimum"):
        AdaptiveLimit(initial, minimum=minimum, maximum=maximum)


@given(limit=st.floats(1, 1000))
def test_aimd_adds_one_a_round_and_takes_three_tenths(limit: float) -> None:
    assert aimd(limit, overloaded=True) == pytest.approx(0.7 * limit)
    after = limit
    for _ in range(int(limit)):
        after = aimd(after, overloaded=False)
    assert 0 < after - limit <= 1


class Adaptive(RuleBasedStateMachine):
    """Acquire, release, overload and time in any order, against a model that counts."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.limit = AdaptiveLimit(4, minimum=2, maximum=8, cooldown_s=1, clock=self.clock)
        self.held = 0
        self.lowered_at = float("-inf")

    @rule()
    def acquire(self) -> None:
        taken = self.limit.try_acquire()
        assert taken == (self.held < self.limit.limit)
        self.held += taken

    @precondition(lambda self: self.held)
    @rule()
    def succeed(self) -> None:
        before = self.limit.limit
        self.limit.release()
        assert before <= self.limit.limit <= before + 1
        assert self.limit.limit == before or self.held >= before
        self.held -= 1

    @precondition(lambda self: self.held)
    @rule()
    def be_overloaded(self) -> None:
        before = self.limit.limit
        self.limit.release(RateLimited("slow down"))
        self.held -= 1
        if self.limit.limit < before:
            assert self.clock.now - self.lowered_at >= 1, "two decreases in one cool-down"
            self.lowered_at = self.clock.now
        assert self.limit.limit >= int(0.7 * before)

    @rule(seconds=st.floats(0, 2))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def counts_are_right(self) -> None:
        assert self.limit.in_flight == self.held
        assert 2 <= self.limit.limit <= 8


TestAdaptive = Adaptive.TestCase
TestAdaptive.settings = settings(max_examples=40, stateful_step_count=30)
