"""The merged pattern never hides anything, by RE2 or by `re`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.privacy import Scrubber
from ai_catalyst.privacy.presence import LONG, presence
from ai_catalyst.privacy.reading import Reading
from ai_catalyst.privacy.recognisers import RECOGNISERS

KINDS = ("EMAIL", "PHONE", "CREDIT_CARD", "IBAN", "SSN", "IP", "URL", "MAC")
QUICK = Scrubber(kinds=KINDS, ner=False)
THOROUGH = Scrubber(kinds=KINDS, ner=False)
THOROUGH._presence = None
HINTS = sorted({entry.hint for entry in RECOGNISERS} - {""})
PARTS = st.sampled_from(
    [
        *("jane@example.org", "jane [at] example.org", "(555) 010-4477", "555\u20131234567", "::1"),
        *("fe80::1", "00-1B-44-11-3A-B7", "00:1b:44:11:3a:b7", "example.org/x", "www.example.org"),
        *("DE89 3704 0044 0532 0130 00", "4111\n1111\n1111\n1111", "219-09-9999", "203.0.113.7"),
        *(
            "ftp://x",
            "１２３４５６７",
            "plain words",
            "12:30",
            "-",
            ":",
            ".",
            "@",
            "3.14",
            "\u200b",
        ),
    ]
)
TEXTS = st.one_of(st.text(), st.lists(PARTS).map(" ".join), st.lists(PARTS).map("".join))


@given(TEXTS)
def test_what_is_found_does_not_depend_on_looking_first(text: str) -> None:
    assert QUICK.detect(text) == THOROUGH.detect(text)


def test_every_labelled_text_gives_the_same_either_way(shared_data: Path) -> None:
    from benchmarks.privacy import chat, court

    for row in [*chat(shared_data), *court(shared_data)]:
        for text in (row["text"], row["text"].split("\n")[0]):
            assert QUICK.detect(text) == THOROUGH.detect(text)


@given(TEXTS)
def test_re2_and_re_agree(text: str) -> None:
    pytest.importorskip("re2")
    seen, pattern = presence(HINTS), re.compile("|".join(HINTS))
    assert seen is not None
    short = Reading(text).text[:LONG]  # by `re`; the other by RE2
    for plain in (short, short + " plain words" * (LONG // 12 + 1)):
        assert (seen(plain) is not None) == (pattern.search(plain) is not None)


def test_a_recogniser_without_a_hint_is_always_asked() -> None:
    assert presence(["x", ""]) is None
    assert presence([]) is None


def test_denied_texts_go_though_nothing_else_is_there() -> None:
    scrubber = Scrubber(kinds=["EMAIL"], deny=["Bluebottle"], ner=False)
    assert scrubber.scrub("the bluebottle project") == "the <PRIVATE> project"
