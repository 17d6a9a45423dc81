"""Claims about long texts in parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.analysis.parts import estimate_tokens, evenly, prepare, split_text


@given(st.text(st.sampled_from("ab c.\nä漢🙂"), max_size=600), st.integers(1, 40))
def test_parts_hold_every_letter_once_and_in_order(text: str, tokens: int) -> None:
    parts = split_text(text, tokens)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(part.strip() for part in parts)


@given(st.text(min_size=1, max_size=600), st.integers(4, 40))
def test_no_part_is_much_larger_than_asked(text: str, tokens: int) -> None:
    assert all(estimate_tokens(part) <= tokens + 1 for part in split_text(text, tokens))


def test_cuts_fall_between_paragraphs_where_they_can() -> None:
    text = "\n\n".join(f"Paragraph {n}. " + "It says something. " * 4 for n in range(6))
    parts = split_text(text, 50)
    assert all(part.startswith("Paragraph") for part in parts)


def test_a_short_text_is_one_part_and_an_empty_one_none() -> None:
    assert split_text("short", 100) == ["short"]
    assert split_text(" \n ", 100) == []


def test_too_many_parts_are_thinned_evenly_and_said_so() -> None:
    ready = prepare("A sentence stands here.\n\n" * 2_000, "", part_tokens=100, max_parts=5)
    assert len(ready.parts) == 5
    assert ready.partial
    assert ready.words == 8_000
    assert evenly(range(10), 3) == [0, 4, 9]
    assert evenly(range(2), 3) == [0, 1]
    assert evenly(range(9), 1) == [0]
