"""Places in SQL get numbers; what has no counterpart is refused with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.check.migrate.placeholders import Untranslatable, numbered


@pytest.mark.parametrize(
    ("before", "after", "order"),
    [
        ("a = %s and b = %s", "a = $1 and b = $2", [None, None]),
        ("a = %(x)s or b = %(y)s or c = %(x)s", "a = $1 or b = $2 or c = $1", ["x", "y"]),
        ("a like '%%x%%' and b = %s", "a like '%x%' and b = $1", [None]),
        ("id in %s", "id = any($1)", [None]),
        ("id NOT IN %s and b = %s", "id <> all($1) and b = $2", [None, None]),
        ("min in %(x)s", "min = any($1)", ["x"]),
    ],
)
def test_places_are_numbered(before: str, after: str, order: list[str | None]) -> None:
    assert numbered([before]) == ([after], order)


def test_numbers_run_on_over_the_pieces_of_one_statement() -> None:
    assert numbered(["a = %s ", "and b = %s"]) == (["a = $1 ", "and b = $2"], [None, None])


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("a = %s and b = %(x)s", "both"),
        ("now() - interval %s", "interval"),
        ("a like '%x' and b = %s", "lone"),
    ],
)
def test_what_has_no_counterpart_is_refused(sql: str, reason: str) -> None:
    with pytest.raises(Untranslatable, match=reason):
        numbered([sql])


@given(st.lists(st.sampled_from(["%s", "%%", "a", " = ", "'", "\n"]), max_size=30))
def test_every_place_gets_its_own_number(parts: list[str]) -> None:
    made, order = numbered(["".join(parts)])
    assert len(order) == parts.count("%s")
    assert all(f"${n}" in made[0] for n in range(1, len(order) + 1))
    assert made[0].count("%") == parts.count("%%")
