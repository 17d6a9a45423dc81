from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.documents.csv_rows import (
    Bad,
    Torn,
    header_of,
    rows,
    table_of,
    unique_names,
)

cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=8)


def blocks(text: str, size: int) -> list[list[str]]:
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    lines = lines if lines[-1] else lines[:-1]
    return [lines[start : start + size] for start in range(0, len(lines), size)]


def found(text: str, width: int, *, size: int = 3, cap: int = 10_000) -> list[list[str] | Bad]:
    return flat(rows(blocks(text, size), ",", width, cap))


def flat(found: Iterable[list[list[str]] | Bad]) -> list[list[str] | Bad]:
    return [row for some in found for row in ([some] if isinstance(some, Bad) else some)]


@given(st.lists(st.lists(cell, min_size=3, max_size=3), max_size=12), st.integers(1, 5))
def test_what_csv_writes_is_read_back_whatever_the_blocks(
    table: list[list[str]], size: int
) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table)
    assert found(out.getvalue(), 3, size=size) == table


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_ragged_row_costs_itself_and_names_its_line(size: int) -> None:
    got = found("1,2\n3\n4,5\n\n6,7,8\n9,0\n", 2, size=size)
    assert [row for row in got if isinstance(row, list)] == [["1", "2"], ["4", "5"], ["9", "0"]]
    assert [(row.line, row.why[:14]) for row in got if isinstance(row, Bad)] == [
        (2, "the row has 1 "),
        (5, "the row has 3 "),
    ]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_quote_that_is_never_closed_costs_one_line(size: int) -> None:
    got = found('1,2\n3,"open\n4,5\n6,7\n', 2, size=size)
    assert got == [["1", "2"], Bad(2, "a quote is never closed"), ["4", "5"], ["6", "7"]]


def test_a_quote_closed_by_accident_does_not_swallow_the_rows_between() -> None:
    text = '1,"x\n2,y\n3,z\n4,"w",v\n5,u\n'
    got = found(text, 2)
    assert [row for row in got if isinstance(row, list)] == [["2", "y"], ["3", "z"], ["5", "u"]]
    assert [row.line for row in got if isinstance(row, Bad)] == [1, 4]


def test_a_row_of_several_lines_is_one_row_across_blocks() -> None:
    text = 'a,"one\ntwo\n\nthree"\nb,c\n'
    for size in (1, 2, 3, 9):
        assert found(text, 2, size=size) == [["a", "one\ntwo\n\nthree"], ["b", "c"]]


def test_empty_cells_beyond_the_width_are_dropped() -> None:
    assert found("1,2,,\n3,4\n", 2) == [["1", "2"], ["3", "4"]]


def test_a_row_over_the_cap_is_told_of_and_later_rows_are_read() -> None:
    got = flat(rows([["1,2\n"], [Torn("\n")], ['3,4,"' + "x" * 50 + "\n", "5,6\n"]], ",", 2, 40))
    assert [row for row in got if isinstance(row, list)] == [["1", "2"], ["5", "6"]]
    assert [(row.line, row.kind) for row in got if isinstance(row, Bad)] == [
        (2, "too_large"),
        (3, "too_large"),
    ]


def test_an_open_quote_before_a_line_that_is_too_long_costs_two_lines() -> None:
    got = flat(rows([['1,"open\n', "2,3\n"], [Torn("\n")], ["4,5\n"]], ",", 2, 1000))
    assert [row for row in got if isinstance(row, list)] == [["2", "3"], ["4", "5"]]
    assert [row.line for row in got if isinstance(row, Bad)] == [1, 3]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["a,b,c\n", "1,2,3\n"], (",", 3)),
        (["a;b\n", "1,5;2\n", "2,5;3\n"], (";", 2)),
        (["a\tb\n", "x, y\tz\n"], ("\t", 2)),
        (["a|b|c\n", "1|2|3\n"], ("|", 3)),
        (["only\n", "one, column\n", "here\n"], (",", 1)),
        (['"a, b";c\n', '"d, e";f\n'], (";", 2)),
    ],
)
def test_the_delimiter_is_the_one_that_makes_rows_equally_wide(
    lines: list[str], expected: tuple[str, int]
) -> None:
    table = table_of(lines)
    assert (table.delimiter, len(table.columns)) == expected


def test_a_header_is_words_and_no_data() -> None:
    assert header_of(["id", "name"], [["1", "Ann"]])
    assert header_of(["name", "city"], [["Ann", "Bonn"]])
    assert not header_of(["1", "2"], [["3", "4"]])
    assert not header_of(["Ann", "ann@example.com"], [["Bob", "bob@example.com"]])
    assert not header_of(["2024-01-05", "x"], [["2024-01-06", "y"]])
    assert not header_of(["yes", "no"], [["no", "yes"], ["yes", "yes"]])
    assert not header_of(["", ""], [["a", "b"]])


def test_the_header_is_found_below_a_title_line() -> None:
    table = table_of(["Report of May\n", "\n", "id,name,city\n", "1,Ann,Bonn\n", "2,Bob,Ulm\n"])
    assert table.columns == ("id", "name", "city")
    assert table.header_line == 3


def test_columns_always_have_names_of_their_own() -> None:
    assert unique_names(["a", "", "a", "a_2", " "]) == ("a", "column_2", "a_2", "a_2_2", "column_5")
