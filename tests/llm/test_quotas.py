"""Who keeps rates, breakers and budgets is a matter of what a provider is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ai_catalyst.engine import Breaker
from ai_catalyst.errors import BudgetExceeded
from ai_catalyst.llm import LLMProvider
from ai_catalyst.llm.budget import Budget
from ai_catalyst.llm.quotas import LocalQuotas
from ai_catalyst.llm.testing import Behaviour, ModelServer

Provide = Callable[..., LLMProvider]


class Purse(Budget):
    """Has money only after it was fetched, one call's worth at a time."""

    elsewhere = True

    def __init__(self, limit_usd: float | None) -> None:
        super().__init__(limit_usd)
        self.here = 0.0
        self.trips = 0

    @property
    def at_hand_usd(self) -> float:
        return self.here - self.reserved_usd - self.spent_usd

    async def fetch(self, cost_usd: float) -> None:
        self.trips += 1
        if cost_usd > self.left_usd:
            raise BudgetExceeded("nothing is left anywhere")
        self.here = self.spent_usd + self.reserved_usd + cost_usd


class Noted(LocalQuotas):
    """Notes what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Any, ...]] = []
        self.told: list[float] = []
        self.hear: Callable[[float], None] | None = None

    def rate(self, lane: str, what: str, rate: float, burst: float) -> Any:
        self.asked.append((lane, what, rate, burst))
        return super().rate(lane, what, rate, burst)

    def breaker(self, lane: str, name: str) -> Breaker:
        self.asked.append((lane, name))
        return super().breaker(lane, name)

    def hold(self, lane: str, hear: Callable[[float], None]) -> Any:
        self.hear = hear
        return self.told.append

    def budget(self, limit_usd: float | None) -> Budget:
        return Purse(limit_usd)


async def test_a_lane_asks_the_quotas_it_is_given_and_gives_nothing_away(
    provide: Provide, server: ModelServer
) -> None:
    quotas = Noted()
    endpoint = server.endpoint("a", key="sk-secret", requests_per_minute=600, model="m")
    one, two = provide(endpoint, quotas=quotas), provide(endpoint, quotas=quotas)
    assert one._routes[0].lane is two._routes[0].lane
    assert one._routes[0].lane is not provide(endpoint)._routes[0].lane
    ((breaker_lane, name), (lane, what, rate, burst)) = quotas.asked
    assert (name, what, burst) == ("a", "requests", 60)
    assert rate == pytest.approx(541 / 60)
    assert lane == breaker_lane
    assert "sk-secret" not in lane
    assert "127.0.0.1" not in lane


async def test_a_retry_after_is_told_to_others_and_heard_from_them(
    provide: Provide, server: ModelServer
) -> None:
    quotas = Noted()
    server.script(Behaviour(status=429, headers={"Retry-After": "0.05"}))
    llm = provide(server.endpoint(), quotas=quotas)
    await llm.generate_async("hello")
    assert quotas.told == [pytest.approx(0.05)]
    lane = llm._routes[0].lane
    assert quotas.hear is not None
    quotas.hear(30.0)
    assert 29 < lane.blocked_s() <= 30
    assert len(quotas.told) == 1, "what was heard is not told again"


async def test_money_that_is_kept_elsewhere_is_fetched_before_a_call(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour(usage=(1000, 500))
    llm = provide(
        server.endpoint("c", "cloud", model="gpt-4o-mini"), quotas=Noted(), budget_usd=0.02
    )
    answer = await llm.generate_async("hello", max_tokens=600)
    assert [piece async for piece in llm.stream_async("hello", max_tokens=6000)]
    await llm.embed_async(["hello"])  # what was left over is enough for that
    assert llm.budget.trips == 2  # type: ignore[attr-defined]
    assert llm.budget.spent_usd >= answer.cost_usd > 0
    with pytest.raises(BudgetExceeded):
        await llm.generate_async("hello", max_tokens=40_000)
    assert server.count == 3


async def test_a_second_provider_does_not_fill_the_bucket_of_a_fixed_rate_again(
    provide: Provide, server: ModelServer
) -> None:
    endpoint = server.endpoint(requests_per_minute=1)
    await provide(endpoint).generate_async("one")
    lane = provide(endpoint)._routes[0].lane
    assert lane.rates["requests"].try_acquire() > 30
