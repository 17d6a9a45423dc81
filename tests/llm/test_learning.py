"""Quantiles, means and shares are what their names say."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.llm.learning import Mean, Quantile, Share


@given(st.lists(st.floats(0.001, 100), min_size=20, max_size=300), st.floats(0.5, 0.99))
def test_a_quantile_is_above_its_share_of_the_values(values: list[float], q: float) -> None:
    quantile = Quantile(q, window=1000, least=len(values))
    for value in values:
        quantile.add(value)
    assert quantile.value is not None
    below = sum(value <= quantile.value for value in values)
    assert below >= q * len(values)
    assert sum(value < quantile.value for value in values) < math.ceil(q * len(values))


def test_a_quantile_says_nothing_before_it_knows_enough() -> None:
    quantile = Quantile(least=20)
    for _ in range(19):
        quantile.add(1.0)
    assert quantile.value is None
    quantile.add(1.0)
    assert quantile.value == 1.0
    assert len(quantile) == 20


def test_a_quantile_forgets_what_is_long_past() -> None:
    quantile = Quantile(window=64)
    for value in [100.0] * 64 + [1.0] * 80:
        quantile.add(value)
    assert quantile.value == 1.0


@given(st.lists(st.booleans(), max_size=400), st.floats(0.01, 0.5))
def test_a_share_is_never_overspent(asks: list[bool], share: float) -> None:
    purse = Share(share)
    earned = spent = 0
    for ask in asks:
        if ask:
            spent += purse.spend()
        else:
            purse.earn()
            earned += 1
        assert spent <= earned * share + 1e-6


def test_a_mean_moves_towards_what_comes() -> None:
    mean = Mean(4.0)
    for _ in range(100):
        mean.add(2.0)
    assert mean.value == pytest.approx(2.0, abs=0.01)
