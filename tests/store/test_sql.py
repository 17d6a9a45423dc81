"""Marks of parameters in three styles, and what only looks like one."""

import pytest

from ai_catalyst.errors import UserError
from ai_catalyst.store.sql import bind


def dollars(sql: str, parameters: object = ()) -> tuple[str, list]:
    return bind(sql, parameters, "${}".format)


def test_question_marks_and_numbers_are_the_same_in_order() -> None:
    assert dollars("a = ? AND b = ?", [1, 2]) == ("a = $1 AND b = $2", [1, 2])
    assert dollars("a = $2 AND b = $1", [1, 2]) == ("a = $2 AND b = $1", [1, 2])
    assert dollars("a = ?2 AND b = ?1", [1, 2]) == ("a = $2 AND b = $1", [1, 2])
    assert bind("a = $1", ["x"], "?{}".format) == ("a = ?1", ["x"])


def test_a_name_used_twice_is_one_parameter() -> None:
    assert dollars("a = :x OR b = :x OR c = :y", {"x": 1, "y": 2, "z": 3}) == (
        "a = $1 OR b = $1 OR c = $2",
        [1, 2],
    )


@pytest.mark.parametrize(
    "text",
    [
        "'? :x $1 ''? '",
        '"? :x"',
        "-- ? :x $1\n",
        "/* ? :x\n */",
        "$$ ? :x $1 $$",
        "$tag$ ? $$ :x $tag$",
        "x::text",
        "'12:30:00'",
    ],
)
def test_what_only_looks_like_a_mark_is_left_alone(text: str) -> None:
    assert dollars(f"SELECT {text} WHERE a = ?", [1]) == (f"SELECT {text} WHERE a = $1", [1])
    assert dollars(f"SELECT {text} WHERE a = :x", {"x": 1}) == (f"SELECT {text} WHERE a = $1", [1])


@pytest.mark.parametrize(
    ("sql", "parameters"), [("a = ?", []), ("a = $3", [1, 2]), ("a = :x", {"y": 1}), ("?0", [1])]
)
def test_a_parameter_that_is_not_given_is_the_caller_s_error(sql: str, parameters: object) -> None:
    with pytest.raises(UserError, match="given"):
        dollars(sql, parameters)


def test_no_parameters_leave_the_statement_as_it_is() -> None:
    assert dollars("SELECT 1") == ("SELECT 1", [])
    assert dollars("SELECT ':x'", {}) == ("SELECT ':x'", [])
