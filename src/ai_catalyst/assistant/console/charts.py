"""Small bar charts as numbers for a template: no script, no style, nothing to load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ai_catalyst.assistant.metrics import Sum

__all__ = ["Bar", "Chart", "bars_of"]

MOST = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its length is a share of the longest, in percent."""

    label: str
    value: int
    percent: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars under a title."""

    title: str
    bars: Sequence[Bar]


def bars_of(sums: Sequence[Sum], label: str) -> list[Bar]:
    """Add numbers up by one of their labels; the longest bars, in order."""
    totals: Counter[str] = Counter()
    for one in sums:
        totals[one.labels.get(label, "")] += round(one.value)
    longest = max(totals.values(), default=0) or 1
    return [
        Bar(name, value, max(1, round(100 * value / longest)) if value else 0)
        for name, value in totals.most_common(MOST)
    ]
