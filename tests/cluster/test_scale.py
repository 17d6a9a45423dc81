"""The plan for very many documents: its arithmetic, and the page that shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.scale.document import MARKED, with_tables
from benchmarks.scale.plan import (
    ASSUMED,
    SCENARIOS,
    Scenario,
    constants,
    longest_s,
    plan,
    redis_load,
)
from benchmarks.scale.tables import SECTIONS, number

from ai_catalyst.llm.lane import MOST_IN_FLIGHT
from ai_catalyst.llm.prices import price_table

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"


def test_the_page_shows_what_the_plan_prints() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = {found.group(1) for found in MARKED.finditer(text)}
    assert shown == set(SECTIONS)
    assert text == with_tables(text), "run python -m benchmarks.scale plan --write"


def test_ten_times_the_documents_in_ten_times_the_days_need_the_same_at_a_time() -> None:
    known = constants()
    day, days, rush = (plan(scenario, known) for scenario in SCENARIOS)
    assert days.per_s == pytest.approx(day.per_s)
    assert days.machines == day.machines
    assert days.model_usd == pytest.approx(10 * day.model_usd)
    assert days.database_gb == pytest.approx(10 * day.database_gb)
    assert rush.cores == pytest.approx(10 * day.cores)


def test_the_quota_breaks_first_and_a_larger_one_moves_the_wall() -> None:
    known = constants()
    made = plan(SCENARIOS[0], known)
    assert "provider" in made.first.resource
    tiny = plan(Scenario("a thousand", 1e3, 1), known)
    assert tiny.first.share < 0.1
    assert tiny.machines == 1


def test_the_arithmetic_is_that_of_one_document_times_all() -> None:
    known = {name: replace(constant, value=0.0) for name, constant in constants().items()}
    known["calls"] = replace(known["calls"], value=1.0)
    known["cpu_s"] = replace(known["cpu_s"], value=0.007)
    known["database_bytes"] = replace(known["database_bytes"], value=2000.0)
    made = plan(Scenario("s", 86_400e3, 1, kilobytes=4), known)
    assert made.per_s == 1000
    assert made.prompt_tokens == 1024
    assert made.in_flight == 1000 * ASSUMED["model_s"].value
    assert made.cores == pytest.approx(1000 * 0.007 * 1.07 / 0.7)
    assert made.database_gb == pytest.approx(172.8)
    assert made.model_usd == pytest.approx(86_400e3 * (1024 * 0.15 + 700 * 0.6) / 1e6)


def test_rates_cost_redis_the_same_at_any_speed_and_a_budget_grows_with_its_owners() -> None:
    fact = {name: constant.value for name, constant in constants().items()}
    assert redis_load(10, fact) < redis_load(100, fact) < redis_load(1000, fact)
    assert redis_load(10, fact) < 0.1
    assert redis_load(1000, fact) > 1.0


def test_a_run_takes_its_rounds_of_waiting_or_its_work() -> None:
    known = constants()
    waiting, cpu = longest_s(100, 6.0, 10.0, 10, known)
    assert waiting - known["warm_s"].value == pytest.approx(100 * known["calls"].value, rel=0.2)
    working, more = longest_s(100_000, 6.0, 0.001, 100, known)
    assert working > 100
    assert more > cpu


def test_assumptions_are_those_of_the_program() -> None:
    assert ASSUMED["in_flight"].value == MOST_IN_FLIGHT
    price = price_table().prices["gpt-4o-mini"]
    assert (price.input, price.output) == (ASSUMED["input_usd"].value, ASSUMED["output_usd"].value)


def test_numbers_have_three_digits_that_count() -> None:
    assert [number(value) for value in (0.01234, 1.5, 99.96, 1157.4, 694_444)] == [
        "0.0123",
        "1.5",
        "100",
        "1,160",
        "694,000",
    ]
