"""The breaker: closed, open, half open, and who may say so."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ai_catalyst.engine import Breaker
from ai_catalyst.errors import BreakerOpen, EndpointError, PrivacyError, UserError


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock, failures: int = 2, reset_s: float = 10) -> Breaker:
    breaker = Breaker(failures, reset_s, name="the model", clock=clock)
    for _ in range(failures):
        breaker.failure()
    assert breaker.state == "open"
    return breaker


async def test_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(failures=3)
    breaker.failure()
    breaker.failure()
    breaker.success()  # the row is broken
    breaker.failure()
    breaker.failure()
    assert breaker.state == "closed"
    assert breaker.allow()
    breaker.failure()
    assert breaker.state == "open"
    assert not breaker.allow()


async def test_while_open_it_refuses_and_says_when_to_come_back() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 4
    with pytest.raises(BreakerOpen, match="the model failed 2 times in a row") as caught:
        async with breaker:
            pytest.fail("it let a call through")
    assert caught.value.retry_after_s == pytest.approx(6)
    assert breaker.retry_after_s == pytest.approx(6)


async def test_half_open_lets_one_probe_through_and_its_success_closes() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10
    assert breaker.state == "half_open"
    assert [breaker.allow() for _ in range(3)] == [True, False, False]
    assert breaker.retry_after_s == pytest.approx(10)
    breaker.success()
    assert breaker.state == "closed"
    assert all(breaker.allow() for _ in range(3))


async def test_the_failure_of_the_probe_opens_it_anew() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10
    with pytest.raises(EndpointError):
        async with breaker:
            raise EndpointError("still down")
    assert breaker.state == "open"
    clock.now += 9.9
    assert not breaker.allow()
    clock.now += 0.2
    assert breaker.allow()


async def test_late_failures_of_earlier_calls_do_not_prolong_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 9
    breaker.failure()
    clock.now += 1
    assert breaker.allow()


async def test_a_probe_that_never_reports_back_is_forgotten() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10
    assert breaker.allow()
    clock.now += 10
    assert breaker.allow()


async def test_a_cancelled_probe_frees_its_place_at_once() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10

    async def probe() -> None:
        async with breaker:
            await asyncio.sleep(60)

    task = asyncio.create_task(probe())
    await asyncio.sleep(0)
    assert not breaker.allow()
    task.cancel()
    await asyncio.wait([task])
    assert breaker.allow()


async def test_the_cancellation_of_another_call_does_not_let_a_second_probe_in() -> None:
    clock = Clock()
    breaker = Breaker(1, 10, clock=clock)

    async def call() -> None:
        async with breaker:
            await asyncio.sleep(60)

    early = asyncio.create_task(call())
    await asyncio.sleep(0)
    breaker.failure()
    clock.now += 10
    assert breaker.allow()  # the probe
    early.cancel()
    await asyncio.wait([early])
    assert not breaker.allow()


@pytest.mark.parametrize("error", [UserError("x"), PrivacyError("x"), BreakerOpen("another one")])
async def test_errors_that_are_not_the_resources_fault_do_not_count(error: Exception) -> None:
    breaker = Breaker(failures=1)
    with pytest.raises(type(error)):
        async with breaker:
            raise error
    assert breaker.state == "closed"


@pytest.mark.parametrize(("failures", "reset_s"), [(0, 1), (1, -1)])
async def test_numbers_that_make_no_sense_are_refused(failures: int, reset_s: float) -> None:
    with pytest.raises(UserError, match="failures"):
        Breaker(failures, reset_s)


def test_of_many_threads_one_gets_the_probe() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10
    passed: list[bool] = []
    barrier = threading.Barrier(8)

    def knock() -> None:
        barrier.wait()
        passed.append(breaker.allow())

    threads = [threading.Thread(target=knock) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 1


class Machine(RuleBasedStateMachine):
    """Any story of calls, against the three states written down plainly."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker(3, 10, clock=self.clock)
        self.row = 0
        self.opened_at: float | None = None
        self.probed_at: float | None = None

    def state(self) -> str:
        if self.opened_at is None:
            return "closed"
        return "half_open" if self.clock.now >= self.opened_at + 10 else "open"

    @rule()
    def ask(self) -> None:
        expected = self.state() == "closed" or (
            self.state() == "half_open"
            and (self.probed_at is None or self.clock.now >= self.probed_at + 10)
        )
        assert self.breaker.allow() == expected
        if expected and self.state() == "half_open":
            self.probed_at = self.clock.now

    @rule()
    def succeed(self) -> None:
        self.breaker.success()
        self.row, self.opened_at, self.probed_at = 0, None, None

    @rule()
    def fail(self) -> None:
        before = self.state()
        self.breaker.failure()
        self.row += 1
        if before == "half_open" or (before == "closed" and self.row >= 3):
            self.opened_at, self.probed_at = self.clock.now, None

    @rule(seconds=st.sampled_from([0.5, 3, 9.5, 10, 25]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def it_is_in_the_state_of_the_model(self) -> None:
        assert self.breaker.state == self.state()
        assert self.breaker.retry_after_s >= 0


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=40, stateful_step_count=30)
