"""What is known of an endpoint: its limits, told or learned, and how many calls it can take."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.errors import AllEndpointsFailed
from ai_catalyst.llm import Endpoint, LLMProvider
from ai_catalyst.llm.lane import FIRST_IN_FLIGHT, Lane, Probing, lane_for, per_minute
from ai_catalyst.llm.testing import Behaviour, ModelServer
from ai_catalyst.llm.wires import Told

Provide = Callable[..., LLMProvider]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def lane(clock: Callable[[], float] = time.monotonic, **fields: float) -> Lane:
    endpoint = Endpoint("a", "cloud", "https://example.com/v1", "m", **fields)  # type: ignore[arg-type]
    return Lane(endpoint, clock=clock)


@given(st.integers(1, 5000), st.integers(0, 400))
def test_no_minute_holds_more_than_its_limit(limit: int, seed: int) -> None:
    clock, dice = Clock(), random.Random(seed)
    rate = per_minute(limit, clock=clock)
    passed: list[float] = []
    for _ in range(300):
        if rate.try_acquire() == 0.0:
            passed.append(clock.now)
        clock.now += dice.random() * 120 / limit
    for start in passed:
        assert sum(start <= moment < start + 60 - 1e-6 for moment in passed) <= limit


def test_a_wish_to_be_left_alone_is_never_shortened() -> None:
    clock = Clock()
    one = lane(clock)
    one.hold_off(30)
    one.hold_off(5)
    assert one.blocked_s() == pytest.approx(30)
    assert not one.clear
    clock.now += 31
    assert one.clear


def test_limits_are_learned_and_those_of_a_person_stand() -> None:
    clock = Clock()
    one = lane(clock, requests_per_minute=600.0)
    one.learn([Told("requests", 6000), Told("tokens", 60_000, 100, 5.0)])
    assert one.rates["requests"].rate < 11
    assert one.rates["tokens"].rate == pytest.approx(900, rel=0.01)
    before = one.rates["tokens"]
    one.learn([Told("tokens", 60_000)])
    assert one.rates["tokens"] is before


def test_a_used_up_limit_pauses_until_its_reset() -> None:
    clock = Clock()
    one = lane(clock)
    one.learn([Told("requests", 6000, 0, 4.0)])
    assert one.rates["requests"].try_acquire() == pytest.approx(4.0)


def test_what_was_reserved_too_little_is_made_up_for_by_the_next() -> None:
    one = lane(tokens_per_minute=60_000.0)
    first = one.weights(400, 100)
    assert first["tokens"] == pytest.approx(200)
    one.reconcile(first, 300, 200)
    assert one.weights(400, 100)["tokens"] == pytest.approx(500)
    assert one.weights(400, 100)["tokens"] == pytest.approx(200)
    one.reconcile(first, 10, 10)
    assert one.weights(400, 100)["tokens"] == pytest.approx(20)


def test_one_endpoint_has_one_lane_whoever_asks() -> None:
    endpoint = Endpoint("a", "cloud", "https://example.com/v1", "m", "k")
    again = Endpoint("b", "cloud", "https://example.com/v1", "m", "k", max_concurrent=3)
    assert lane_for(endpoint) is lane_for(again)
    assert lane_for(endpoint).in_flight.maximum == 3
    assert lane_for(Endpoint("a", "cloud", "https://example.com/v1", "m", "other")) is not (
        lane_for(endpoint)
    )


@pytest.mark.parametrize("capacity", [2, 3, 7, 16, 24, 31, 32, 33, 64, 150, 250])
def test_the_limit_of_calls_finds_a_hidden_capacity_and_stays_there(capacity: int) -> None:
    """The server has ``capacity`` places: each round ``limit`` calls, and a no to too many."""
    policy, limit = Probing(), 32.0
    seen, rejected, calls = [], 0, 0
    for round_ in range(400):
        over = int(limit) > capacity
        limit = max(1.0, min(256.0, policy(limit, True))) if over else limit
        if not over:
            for _ in range(int(limit)):
                limit = min(256.0, policy(limit, False))
        if round_ >= 100:
            calls += int(limit)
            rejected += over
            seen.append(min(int(limit), capacity))
    assert sum(seen) / len(seen) >= 0.9 * capacity
    assert rejected <= max(0.02 * calls, 6)


async def test_at_most_so_many_calls_are_in_flight(provide: Provide, server: ModelServer) -> None:
    server.default = Behaviour(delay_s=0.01)
    llm = provide(server.endpoint(max_concurrent=3))
    await asyncio.gather(*(llm.generate_async(f"{n}") for n in range(20)))
    assert server.peak == 3


async def test_requests_a_minute_are_kept_to(provide: Provide, server: ModelServer) -> None:
    llm = provide(server.endpoint(requests_per_minute=1200))  # 120 at once, then 18 a second
    began = time.monotonic()
    outcomes = await llm.batch_async([f"{n}" for n in range(126)])
    assert not outcomes.partial
    assert time.monotonic() - began > 0.25


async def test_an_endpoint_whose_limit_is_used_up_is_passed_over(
    provide: Provide, servers: Callable[..., ModelServer]
) -> None:
    paced, other = servers(), servers()
    llm = provide(paced.endpoint("paced", requests_per_minute=1), other.endpoint("other"))
    assert (await llm.generate_async("one")).endpoint == "paced"
    answer = await llm.generate_async("two")
    assert [(a.endpoint, a.outcome) for a in answer.attempts] == [
        ("paced", "rate_limited"),
        ("other", "ok"),
    ]
    assert paced.count == 1


async def test_an_endpoint_whose_limit_is_used_up_for_long_says_so_when_it_is_the_only_one(
    provide: Provide, server: ModelServer
) -> None:
    llm = provide(server.endpoint(requests_per_minute=0.5))
    await llm.generate_async("one")
    with pytest.raises(AllEndpointsFailed, match="requests a minute"):
        await llm.generate_async("two")


async def test_a_request_larger_than_the_bucket_passes_alone(
    provide: Provide, server: ModelServer
) -> None:
    llm = provide(server.endpoint(tokens_per_minute=1000))
    assert (await llm.generate_async("word " * 2000)).text == "Hello."


async def test_bulk_loses_nothing_to_an_endpoint_smaller_than_was_thought(
    provide: Provide, server: ModelServer
) -> None:
    server.capacity = 12
    server.default = Behaviour(delay_s=0.01)
    llm = provide(server.endpoint())
    outcomes = await llm.batch_async([f"{n}" for n in range(400)])
    assert not outcomes.partial
    assert server.rejected > 0
    assert llm._routes[0].lane.in_flight.limit < FIRST_IN_FLIGHT
