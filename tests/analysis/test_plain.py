"""Claims about `plain_text`, `safe_text` and `clip`."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.analysis import plain_text, safe_text
from ai_catalyst.analysis.plain import clip

ANY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x1b\x9b\x07[]m;\r\n\t\u2028\u202e\u2066\ud800\udfff\u200b\ufeff"),
    )
)


@given(ANY)
def test_plain_text_holds_no_control_bidi_or_surrogate_and_always_encodes(text: str) -> None:
    result = plain_text(text)
    result.encode("utf-8")
    for char in result:
        assert char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"}
        assert not 0x202A <= ord(char) <= 0x202E
        assert not 0x2066 <= ord(char) <= 0x2069


@given(ANY)
def test_plain_text_leaves_its_own_result_alone(text: str) -> None:
    assert plain_text(plain_text(text)) == plain_text(text)


@given(ANY, st.integers(1, 40))
def test_safe_text_is_one_line_within_its_limit(text: str, limit: int) -> None:
    result = safe_text(text, limit)
    assert len(result) <= limit
    assert not set(result) & set("\r\n\t\x1b")


@pytest.mark.parametrize(
    ("evil", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;new title\x07text", "text"),
        ("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("abc\rxyz", "abc xyz"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("a\x00b\x7fc", "abc"),
        ("soft\u00adhyphen", "softhyphen"),
        ("fine ünïcödé 漢字 🙂", "fine ünïcödé 漢字 🙂"),
    ],
)
def test_terminal_sequences_go_as_a_whole(evil: str, shown: str) -> None:
    assert safe_text(evil) == shown


def test_an_unfinished_sequence_swallows_nothing() -> None:
    assert safe_text("\x1b]0;" + "important " * 3) == "0;important important important"


def test_clip_cuts_between_words_and_marks_the_cut() -> None:
    assert clip("the quick brown fox", 17) == "the quick brown…"
    assert clip("short", 17) == "short"
    assert clip("x" * 30, 10) == "x" * 9 + "…"
