"""The factory of shared limits: what it hands out, what it says, how it ends."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest
from real_servers import REDIS

from ai_catalyst.cluster.limits import SharedLimits, limits_of
from ai_catalyst.cluster.redis_keeper import RedisKeeper
from ai_catalyst.errors import BudgetExceeded, StoreError, UserError
from ai_catalyst.llm import LLMProvider
from ai_catalyst.llm.testing import Behaviour, ModelServer

Pair = tuple[SharedLimits, SharedLimits]


async def test_a_buried_owners_money_is_everybodys_at_once(limits_pair: Pair) -> None:
    one, other = limits_pair
    dead, alive = one.budget(1.0), other.budget(1.0)
    await dead.fetch(0.6)
    dead.reserve(0.2)
    await asyncio.sleep(0.3)  # it is told of
    assert await other.bury("nobody") == 0
    assert await other.bury("a") == 1
    await alive.fetch(0.8)
    alive.reserve(0.8)
    with pytest.raises(BudgetExceeded, match="whole cluster"):
        await alive.fetch(0.01)


async def test_without_a_limit_no_budget_is_shared(limits_pair: Pair) -> None:
    one, _ = limits_pair
    budget = one.budget(None)
    assert not budget.elsewhere
    assert one.trips == 0


async def test_a_429_at_one_process_holds_off_the_others(limits_pair: Pair) -> None:
    with ModelServer() as server:
        endpoint = server.endpoint()
        async with (
            LLMProvider([endpoint], quotas=limits_pair[0]) as llm,
            LLMProvider([endpoint], quotas=limits_pair[1]) as other,
        ):
            lane = other._routes[0].lane
            assert lane is not llm._routes[0].lane
            await other.generate_async("hello")
            server.script(Behaviour(status=429, headers={"Retry-After": "2"}))
            asking = asyncio.ensure_future(llm.generate_async("hello"))
            until = time.monotonic() + 10
            while lane.blocked_s() == 0 and time.monotonic() < until:
                assert lane.breaker.allow()
                await asyncio.sleep(0.01)
            assert 0 < lane.blocked_s() <= 2
            await asking


async def test_calls_in_flight_that_a_person_allows_are_shared_by_those_who_call(
    limits_pair: Pair,
) -> None:
    with ModelServer(Behaviour(delay_s=0.01)) as server:
        endpoint = server.endpoint(max_concurrent=8)
        async with (
            LLMProvider([endpoint], quotas=limits_pair[0]) as llm,
            LLMProvider([endpoint], quotas=limits_pair[1]) as other,
        ):
            lanes = [provider._routes[0].lane for provider in (llm, other)]
            until = time.monotonic() + 10
            while [lane.in_flight.maximum for lane in lanes] != [4, 4]:
                assert time.monotonic() < until
                await asyncio.sleep(0.01)
            for provider in (llm, other):
                await provider.batch_async([f"{n}" for n in range(12)])
            server.peak = 0
            batch = [f"once more {n}" for n in range(40)]
            await asyncio.gather(llm.batch_async(batch), other.batch_async(batch))
            assert server.peak <= 8
            await limits_pair[1].close()
            while lanes[0].in_flight.maximum != 8:
                assert time.monotonic() < until
                await asyncio.sleep(0.01)


async def test_a_keeper_that_answers_passes_the_check(limits_pair: Pair) -> None:
    await limits_pair[0].check()
    assert limits_pair[0].where.startswith("Redis at ")


def test_a_url_or_a_redis_makes_the_keeper_and_nonsense_is_refused() -> None:
    limits = limits_of(REDIS, "run", owner="o")
    assert "Redis at" in limits.where
    for url in ("localhost:6379", "http://localhost", "redis://host:port"):
        with pytest.raises(UserError, match="redis://host:port/0"):
            limits_of(url, "run", owner="o")


async def test_what_is_dropped_in_use_is_warned_of_and_closing_twice_is_harmless(
    limits_pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    held = [SharedLimits(RedisKeeper("redis://127.0.0.1:1", "x"), "run", owner="o")]
    with pytest.raises(StoreError):
        await held[0].check(0.05)
    courier = held[0]._courier
    with pytest.warns(ResourceWarning, match="SharedLimits"):
        held.clear()
    await asyncio.to_thread(courier.close)
    await limits_pair[0].check()
    await limits_pair[0].close()
    await limits_pair[0].close()
    assert not caplog.records
