"""Claims about patterns that people bring."""

from __future__ import annotations

import time

import pytest

from ai_catalyst.errors import ProcessingError, UserError
from ai_catalyst.pdf.patterns import Deadline, compiled, matches, searched, substituted

RUNAWAY = r"(a|aa|aaa)+$"
BAIT = "a" * 5_000 + "b"


def test_a_broken_pattern_says_where_it_is() -> None:
    with pytest.raises(UserError, match=r"field 'x': broken pattern"):
        compiled("[a", "field 'x'")


@pytest.mark.parametrize("call", ["matches", "searched", "substituted"])
def test_a_runaway_pattern_ends_with_a_typed_error(call: str) -> None:
    deadline = Deadline(pattern_s=0.05)
    started = time.monotonic()
    with pytest.raises(ProcessingError, match="field 'x': the pattern takes too long"):
        if call == "matches":
            list(matches(RUNAWAY, BAIT, "field 'x'", deadline))
        elif call == "searched":
            searched(RUNAWAY, BAIT, "field 'x'", deadline)
        else:
            substituted(RUNAWAY, "", BAIT, "field 'x'", deadline)
    assert time.monotonic() - started < 5


def test_patterns_of_a_document_share_one_deadline() -> None:
    spent = Deadline(0.0)
    assert spent.left == pytest.approx(0.001)
    assert Deadline(10).left <= 1.0


def test_a_broken_replacement_is_named() -> None:
    with pytest.raises(UserError, match="broken replacement"):
        substituted("(a)", r"\2", "a", "replace", Deadline())


def test_a_pattern_longer_than_any_is_refused() -> None:
    with pytest.raises(UserError, match="longer than"):
        compiled("a" * 10_001, "field 'x'")
