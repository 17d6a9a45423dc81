"""A breaker over many processes: opened by one for all, probed by one for all, free when closed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from inline_courier import InlineCourier, MemoryKeeper

from ai_catalyst.cluster.breaker import SharedBreaker
from ai_catalyst.cluster.limits import SharedLimits


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class World:
    """Some processes, each with its courier and breaker."""

    def __init__(self, many: int = 3) -> None:
        self.clock = Clock()
        keeper = MemoryKeeper(self.clock)
        self.couriers = [InlineCourier(keeper) for _ in range(many)]
        self.breakers = [
            SharedBreaker(courier, "lane", f"p{n}", failures=3, reset_s=30, clock=self.clock)
            for n, courier in enumerate(self.couriers)
        ]

    def later(self, seconds: float) -> None:
        """Let time pass, and each process look."""
        self.clock.now += seconds
        for courier in self.couriers:
            courier.tick()

    def fail(self) -> None:
        """Have the first process see enough failures, while calls are made in all of them."""
        assert self.states == ["closed"] * len(self.breakers)
        for _ in range(3):
            self.breakers[0].failure()

    @property
    def states(self) -> list[str]:
        return [breaker.state for breaker in self.breakers]


def test_failures_in_a_row_in_one_process_open_it_for_all() -> None:
    world = World()
    one, *_ = world.breakers
    for _ in range(3):
        assert all(breaker.allow() for breaker in world.breakers)
        one.failure()
    world.later(0.25)
    assert world.states == ["open"] * 3
    assert not any(breaker.allow() for breaker in world.breakers)
    assert world.breakers[2].retry_after_s == pytest.approx(29.75)


def test_failures_here_and_there_do_not_open_it() -> None:
    world = World()
    for breaker in world.breakers:
        breaker.failure()
        breaker.failure()
        breaker.success()
        breaker.failure()
    world.later(0.25)
    assert world.states == ["closed"] * 3


def test_after_a_while_one_process_probes_for_all_and_its_success_closes_it() -> None:
    world = World()
    world.fail()
    world.later(1)
    world.later(30)
    assert world.states.count("half_open") == 1
    allowed = [breaker for breaker in world.breakers if breaker.allow()]
    assert len(allowed) == 1
    assert not any(breaker.allow() for breaker in world.breakers)
    allowed[0].success()
    assert allowed[0].state == "closed"
    world.later(0.25)
    assert world.states == ["closed"] * 3


def test_a_probe_that_fails_opens_it_again_for_all() -> None:
    world = World()
    world.fail()
    world.later(31)
    (prober,) = [breaker for breaker in world.breakers if breaker.allow()]
    prober.failure()
    world.later(0.25)
    assert world.states == ["open"] * 3
    assert all(breaker.retry_after_s > 29 for breaker in world.breakers)


async def test_a_probe_without_a_verdict_goes_to_another() -> None:
    world = World()
    world.fail()
    world.later(31)
    (prober,) = [breaker for breaker in world.breakers if breaker.allow()]
    prober.abandon()
    world.later(0.3)
    assert sum(breaker.allow() for breaker in world.breakers) == 1


def test_a_probe_whose_process_died_is_forgotten() -> None:
    world = World()
    world.fail()
    world.later(31)
    (prober,) = [breaker for breaker in world.breakers if breaker.allow()]
    others = [breaker for breaker in world.breakers if breaker is not prober]
    world.later(10)
    assert not any(breaker.allow() for breaker in others)
    world.later(25)
    assert sum(breaker.allow() for breaker in others) == 1


def test_a_call_through_a_closed_breaker_asks_nobody() -> None:
    world = World(1)
    (breaker,), (courier,) = world.breakers, world.couriers
    for _ in range(1000):
        assert breaker.allow()
        assert breaker.state == "closed"
        breaker.success()
    assert courier.trips == 0
    world.later(0.25)
    world.later(0.25)
    assert courier.trips == 1, "one look for all calls, and none when there was no call"


def test_without_the_keeper_each_process_goes_by_what_it_sees() -> None:
    world = World(2)
    for courier in world.couriers:
        courier.away = True
    world.fail()
    world.later(1)
    assert world.states == ["open", "closed"]
    world.later(30)
    assert world.breakers[0].allow()
    world.breakers[0].success()
    assert world.breakers[0].state == "closed"


def test_old_news_do_not_undo_what_was_just_found_out() -> None:
    world = World(1)
    (breaker,), (courier,) = world.breakers, world.couriers
    late: list[Callable[[], None]] = []
    post = courier.post
    courier.post = lambda *errands: late.append(lambda: post(*errands))  # type: ignore[method-assign]
    breaker.allow()
    courier.tick()  # a look leaves …
    for _ in range(3):
        breaker.failure()  # … and meanwhile it opens
    late.pop(0)()
    assert breaker.state == "open"
    late.pop(0)()
    assert breaker.state == "open"


def test_a_wish_to_be_left_alone_is_heard_by_all() -> None:
    world = World(2)
    heard: list[float] = []
    world.breakers[1].hear = heard.append
    world.breakers[0].tell_hold(5.0)
    world.breakers[1].allow()
    world.later(1)
    assert heard == [pytest.approx(4.0)]


async def test_real_limits_share_a_breaker_over_redis(
    limits_pair: tuple[SharedLimits, SharedLimits],
) -> None:
    one, other = limits_pair
    first, second = one.breaker("lane", "a"), other.breaker("lane", "a")
    assert second.allow()
    for _ in range(5):
        first.failure()
    until = time.monotonic() + 5
    while second.state != "open" and time.monotonic() < until:
        second.allow()
        await asyncio.sleep(0.02)
    assert second.state == "open"
    first.success()
    while second.state != "closed" and time.monotonic() < until:
        await asyncio.sleep(0.02)
    assert second.state == "closed"
