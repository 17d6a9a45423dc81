"""Claims about the figures of a report."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.analysis import Analysis, ReportRow
from ai_catalyst.analysis.reports import Statistics
from ai_catalyst.analysis.reports.statistics import Tally


def test_names_are_counted_whatever_their_case_and_shown_as_first_seen() -> None:
    tally = Tally()
    for name in ("Water", "soil", "water", "WATER", " soil "):
        tally.add(name)
    assert tally.top(5) == [("Water", 3), ("soil", 2)]


def test_equal_counts_stay_in_the_order_they_came() -> None:
    tally = Tally()
    for name in ("zebra", "ape", "mole"):
        tally.add(name)
    assert [name for name, _ in tally.top(3)] == ["zebra", "ape", "mole"]


@given(st.lists(st.integers(0, 400), max_size=600))
def test_a_tally_is_bounded_and_keeps_what_is_frequent(rare: list[int]) -> None:
    tally = Tally(limit=50)
    for number in rare:
        tally.add("often")
        tally.add(f"rare {number}")
        assert len(tally) <= 50
    if rare:
        assert ("often", len(rare)) in tally.top(50)


def test_failed_sources_count_but_add_no_pages() -> None:
    statistics = Statistics()
    statistics.add(ReportRow(1, "a", pages=3, words=10, kind="pdf", analysis=Analysis()))
    statistics.add(ReportRow(2, "b", pages=9, words=99, kind="pdf", error="broken"))
    assert (statistics.sources, statistics.read, statistics.failed) == (2, 1, 1)
    assert (statistics.pages, statistics.words, statistics.extractive) == (3, 10, 1)
    assert statistics.kinds.top(1) == [("pdf", 1)]
