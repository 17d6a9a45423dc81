"""Money is set aside before a call, and a budget holds whatever the calls do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.errors import AllEndpointsFailed, BudgetExceeded, UserError
from ai_catalyst.llm import Endpoint, LLMProvider
from ai_catalyst.llm.budget import Budget
from ai_catalyst.llm.prices import Price, price_of, price_table
from ai_catalyst.llm.testing import Behaviour, ModelServer

if TYPE_CHECKING:
    from pathlib import Path

Provide = Callable[..., LLMProvider]


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1)), max_size=40), st.floats(0, 10))
def test_no_order_of_reserving_and_settling_spends_more_than_there_is(
    calls: list[tuple[float, float]], limit: float
) -> None:
    budget = Budget(limit)
    held: list[tuple[float, float]] = []
    for most, share in calls:
        try:
            budget.reserve(most)
        except BudgetExceeded:
            continue
        held.append((most, most * share))
        if len(held) > 3:
            budget.settle(*held.pop(0))
        assert budget.spent_usd + budget.reserved_usd <= limit + 1e-9
    for pair in held:
        budget.settle(*pair)
    assert budget.reserved_usd == pytest.approx(0, abs=1e-9)
    assert budget.spent_usd <= limit + 1e-9


def test_without_a_limit_there_is_no_end() -> None:
    budget = Budget()
    budget.reserve(1e9)
    assert budget.left_usd == float("inf")
    with pytest.raises(UserError):
        Budget(-1)


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("gpt-4o-mini", Price(0.15, 0.6)),
        ("gpt-4o-mini-2024-07-18", Price(0.15, 0.6)),
        ("GPT-4o", Price(2.5, 10.0)),
        ("openai/gpt-5-mini", Price(0.25, 2.0)),
        ("claude-haiku-4-5-20251001", Price(1.0, 5.0)),
        ("mistral-small-latest", Price(0.1, 0.3)),
    ],
)
def test_a_model_is_priced_by_the_longest_name_it_begins_with(model: str, price: Price) -> None:
    assert price_of(Endpoint("c", "cloud", "https://example.com/v1"), model) == price


def test_ones_own_endpoints_cost_nothing_and_unknown_models_rather_too_much() -> None:
    assert price_of(Endpoint("l", "local", "http://localhost/v1"), "gpt-4o") == Price(0, 0)
    unknown = price_of(Endpoint("c", "cloud", "https://example.com/v1"), "never-heard-of")
    assert unknown.input > 0
    assert price_table().as_of


def test_a_person_may_override_prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "prices.json"
    own.write_text(json.dumps({"prices": {"My-Model": [1.5, 2.5]}}))
    monkeypatch.setenv("CATALYST_PRICES", str(own))
    cloud = Endpoint("c", "cloud", "https://example.com/v1")
    assert price_of(cloud, "my-model-v2") == Price(1.5, 2.5)
    assert price_of(cloud, "gpt-4o") == Price(2.5, 10.0)
    monkeypatch.setenv("CATALYST_PRICES", str(tmp_path / "none.json"))
    with pytest.raises(UserError, match="none"):
        price_of(cloud, "my-model-v3")


def test_cost_is_by_the_million() -> None:
    assert Price(2.0, 10.0).cost(500_000, 100_000) == pytest.approx(2.0)


async def test_a_completion_says_what_it_cost(provide: Provide, server: ModelServer) -> None:
    server.default = Behaviour(usage=(1000, 500))
    llm = provide(server.endpoint("c", "cloud", model="gpt-4o-mini"), budget_usd=1.0)
    answer = await llm.generate_async("hello")
    assert answer.cost_usd == pytest.approx(1000 * 0.15e-6 + 500 * 0.6e-6)
    assert llm.budget.spent_usd == pytest.approx(answer.cost_usd)


async def test_a_call_that_may_cost_too_much_is_not_made(
    provide: Provide, server: ModelServer
) -> None:
    llm = provide(server.endpoint("c", "cloud", model="gpt-4o"), budget_usd=0.000001)
    with pytest.raises(BudgetExceeded, match="nothing was sent"):
        await llm.generate_async("hello")
    with pytest.raises(BudgetExceeded):
        await llm.embed_async(["hello"])
    with pytest.raises(BudgetExceeded):
        async for _ in llm.stream_async("hello"):
            pass
    assert server.count == 0


async def test_a_budget_holds_over_many_calls_at_once(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour(usage=(100, 200), delay_s=0.01)
    llm = provide(server.endpoint("c", "cloud", model="gpt-4o"), budget_usd=0.02)
    results = await asyncio.gather(
        *(llm.generate_async(f"question {n}", max_tokens=200) for n in range(40)),
        return_exceptions=True,
    )
    done = [result for result in results if not isinstance(result, BaseException)]
    assert all(isinstance(r, BudgetExceeded) for r in results if isinstance(r, BaseException))
    assert 0 < len(done) < 40
    assert server.count == len(done)
    assert llm.budget.spent_usd <= 0.02


async def test_an_answer_without_a_cap_gets_one_when_a_budget_must_hold(
    provide: Provide, server: ModelServer
) -> None:
    llm = provide(server.endpoint("c", "cloud", model="gpt-4o"), budget_usd=0.01)
    await llm.generate_async("hello")
    assert 0 < server.requests[-1].body["max_tokens"] < 4096
    free = provide(server.endpoint("l", "local"), budget_usd=0.01)
    await free.generate_async("hello")
    assert "max_tokens" not in server.requests[-1].body


async def test_free_endpoints_are_asked_with_an_empty_purse(
    provide: Provide, servers: Callable[..., ModelServer]
) -> None:
    mine, cloud = servers(), servers()
    llm = provide(mine.endpoint("mine"), cloud.endpoint("c", "cloud"), budget_usd=0.0)
    assert (await llm.generate_async("hello")).endpoint == "mine"
    mine.default = Behaviour(status=404)
    with pytest.raises(BudgetExceeded):
        await llm.generate_async("hello again")
    assert cloud.count == 0


async def test_a_loser_is_paid_for_and_a_refusal_is_not(
    provide: Provide, servers: Callable[..., ModelServer]
) -> None:
    slow, refusing, fast = servers(Behaviour(hang=True)), servers(Behaviour(status=400)), servers()
    llm = provide(
        slow.endpoint("slow", "cloud", model="gpt-4o"),
        refusing.endpoint("refusing", "cloud", model="gpt-4o"),
        fast.endpoint("fast", "local"),
        failover="concurrent",
        budget_usd=1.0,
    )
    fast.default = Behaviour(delay_s=0.05)
    answer = await llm.generate_async("hello " * 100)
    estimate = 600 / 4 * 2.5e-6
    assert answer.cost_usd == pytest.approx(estimate, rel=0.5)
    assert llm.budget.spent_usd == answer.cost_usd


async def test_what_was_set_aside_comes_back_after_a_failure(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour(status=400)
    llm = provide(server.endpoint("c", "cloud", model="gpt-4o"), budget_usd=1.0)
    with pytest.raises(AllEndpointsFailed):
        await llm.generate_async("hello")
    assert llm.budget.left_usd == pytest.approx(1.0)
