"""What the terminal is shown is one line, and safe."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.cli.terminal import count, fault, money, safe_line, short, size


@given(st.text())
def test_a_safe_line_holds_nothing_that_moves_the_cursor(text: str) -> None:
    line = safe_line(text)
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Cs"} for char in line)


def test_an_escape_sequence_loses_its_escape() -> None:
    assert safe_line("\x1b[2Jgone\x07\n\u202etxt.exe") == "[2Jgone txt.exe"


@given(st.text(), st.integers(1, 30))
def test_a_line_is_cut_to_its_width(text: str, width: int) -> None:
    assert len(safe_line(text, width)) <= width


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1536, "1.5 KiB"),
        (3 * 2**30, "3.0 GiB"),
    ],
)
def test_sizes_are_for_people(number: int, text: str) -> None:
    assert size(number) == text


@given(st.text(max_size=80), st.integers(4, 40))
def test_a_long_name_keeps_both_ends(name: str, width: int) -> None:
    line = short(name, width)
    assert len(line) <= width
    assert len(safe_line(name)) <= width or (
        "…" in line and line[-1] == safe_line(name)[-1] and line[0] == safe_line(name)[0]
    )


def test_money_has_as_many_places_as_it_needs() -> None:
    assert [money(0), money(0.0042), money(0.5), money(1234.5)] == [
        "$0.00",
        "$0.0042",
        "$0.50",
        "$1,234.50",
    ]


def test_counts_know_their_plural() -> None:
    assert [count(1, "page"), count(12000, "page"), count(2, "entry", "entries")] == [
        "1 page",
        "12,000 pages",
        "2 entries",
    ]


def test_a_fault_names_what_failed_once() -> None:
    assert fault("a.txt", "a.txt: there is no such file") == "  ✗ a.txt: there is no such file"
    assert fault("a.txt", "the disk\x1b[2J is full") == "  ✗ a.txt: the disk[2J is full"
