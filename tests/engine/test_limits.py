"""One protocol for all that stands before a call, and one place to find them."""

from __future__ import annotations

import asyncio

import pytest

from ai_catalyst.engine import AdaptiveLimit, Batch, Breaker, InFlight, Limit, RateLimit, limits


def test_the_limits_are_found_in_one_place() -> None:
    assert limits.RateLimit is RateLimit
    assert limits.InFlight is InFlight
    assert limits.AdaptiveLimit is AdaptiveLimit


@pytest.mark.parametrize("limit", [RateLimit(1e6, 1e6), InFlight(2), AdaptiveLimit(2), Breaker()])
async def test_each_of_them_stands_before_a_batch(limit: Limit) -> None:
    async def work(number: int) -> int:
        await asyncio.sleep(0)
        return number

    async with asyncio.timeout(10), Batch(work, range(20), 5, limits=[limit]) as batch:
        assert len([outcome async for outcome in batch if outcome.ok]) == 20
