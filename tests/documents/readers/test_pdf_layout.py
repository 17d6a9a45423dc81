from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.documents.readers.pdf_layout import lay_out

Box = tuple[float, float, float, float]


def word(text: str, left: float, top: float, size: float = 10.0) -> tuple[str, Box]:
    """A word in letters half as wide as they are high."""
    return text, (left, top, left + len(text) * size / 2, top + size)


def test_columns_stand_beside_each_other() -> None:
    words = [
        *(word("Left", 50, 100), word("below", 50, 115)),
        *(word("Right", 300, 100), word("under", 300, 115)),
    ]
    first, second = lay_out(words).split("\n")
    assert first.split() == ["Left", "Right"]
    assert first.index("Right") == second.index("under") == 50


def test_words_of_a_phrase_have_one_space_between_them() -> None:
    assert lay_out([word("due", 50, 10), word("on", 68, 10), word("Monday", 81, 10)]) == (
        "due on Monday"
    )


def test_a_gap_between_lines_is_empty_lines() -> None:
    assert lay_out([word("above", 0, 0), word("below", 0, 40)]).split("\n") == [
        "above",
        "",
        "",
        "below",
    ]


def test_letters_of_another_size_stay_on_their_line() -> None:
    line = [word("Total", 0, 10), word("2", 40, 9, 6), word("EUR", 60, 10)]
    assert lay_out(line).split() == ["Total", "2", "EUR"]
    assert "\n" not in lay_out(line)


def test_turned_words_come_last() -> None:
    turned = ("Copyright", (5.0, 100.0, 15.0, 150.0))
    assert lay_out([turned, word("Invoice", 50, 10)]) == "Invoice\nCopyright"


def test_nothing_is_laid_out_as_nothing() -> None:
    assert lay_out([]) == ""


@given(
    st.lists(
        st.tuples(
            st.text("abcdefg", min_size=1, max_size=9),
            st.floats(0, 600),
            st.floats(0, 800),
            st.floats(4, 30),
        ),
        max_size=60,
    )
)
def test_no_word_is_lost_wherever_it_stands(places: list[tuple[str, float, float, float]]) -> None:
    words = [word(*place) for place in places]
    assert sorted(lay_out(words).split()) == sorted(text for text, _ in words)
