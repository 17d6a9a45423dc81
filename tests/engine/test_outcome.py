"""An outcome: a value or an error, and nothing of the item in its representation."""

from __future__ import annotations

import pytest

from ai_catalyst.engine import Outcome


def test_a_success_unwraps_to_its_value_even_when_that_is_none() -> None:
    assert Outcome(0, "a", 5).unwrap() == 5
    assert Outcome[str, None](0, "a", None).unwrap() is None
    assert Outcome(0, "a", 5).ok


def test_a_failure_unwraps_to_its_error() -> None:
    error = ValueError("no")
    outcome = Outcome[str, int](0, "a", None, error)
    assert not outcome.ok
    with pytest.raises(ValueError, match="no"):
        outcome.unwrap()


def test_the_representation_tells_place_and_state_and_never_the_item() -> None:
    assert repr(Outcome(3, "jane@example.com", "secret")) == "Outcome(index=3, ok, attempts=1)"
    failed = Outcome[str, str](3, "jane@example.com", None, KeyError("jane"), 2)
    assert repr(failed) == "Outcome(index=3, KeyError, attempts=2)"
