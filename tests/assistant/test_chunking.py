"""Passages: nothing is lost, none is too long, each knows its heading and page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.assistant.chunking import LONGEST, TARGET, passages_of, section_of

TEXTS = st.text(st.sampled_from("ab .!\n#é"), max_size=4000)


@given(TEXTS)
def test_nothing_but_white_space_and_headings_is_lost(text: str) -> None:
    kept = "".join("".join(p.text.split()) for p in passages_of(text))
    headings = [line for line in text.splitlines() if line.strip().startswith("#")]
    if not headings:
        assert kept == "".join(text.split())


@given(TEXTS)
def test_no_passage_is_longer_than_may_be(text: str) -> None:
    assert all(len(p.text) <= max(LONGEST, TARGET + 100) for p in passages_of(text))


def test_headings_stand_above_what_is_below_them() -> None:
    text = "# A\n\nfirst\n\n## B\n\nsecond\n\n## C\n\nthird\n\n# D\n\nfourth"
    found = [(p.heading, p.text) for p in passages_of(text, title="T")]
    assert found == [
        ("T > A", "first"),
        ("T > A > B", "second"),
        ("T > A > C", "third"),
        ("T > D", "fourth"),
    ]


def test_a_first_heading_that_repeats_the_title_stands_for_it() -> None:
    [only] = passages_of("# Panic (6B01)\n\nwords", title="Panic")
    assert only.heading == "Panic (6B01)"


@pytest.mark.parametrize(
    ("heading", "document", "section"),
    [
        ("Panic disorder (6B01) > Criteria", "Panic disorder", "Criteria"),
        ("notes.pdf", "notes.pdf", ""),
        ("Okapi > Food > Leaves", "Okapi", "Food > Leaves"),
        ("Zebras", "animals.md", "Zebras"),
        ("Zebras", "", "Zebras"),
    ],
)
def test_a_title_is_not_said_twice(heading: str, document: str, section: str) -> None:
    assert section_of(heading, document) == section


def test_a_passage_is_on_the_page_it_begins_on() -> None:
    text = "one\n\ntwo\n\nthree"
    starts = [0, text.index("two"), text.index("three")]
    assert [(p.page, p.text) for p in passages_of(text, page_starts=starts)] == [
        (1, "one"),
        (2, "two"),
        (3, "three"),
    ]


def test_a_long_text_is_cut_at_sentences() -> None:
    text = " ".join(f"Sentence number {n} ends here." for n in range(400))
    passages = passages_of(text)
    assert len(passages) > 5
    assert all(p.text.endswith(".") for p in passages)
