"""Claims about rows and cells, from word boxes and from layout text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.pdf.model import PageText, Word
from ai_catalyst.pdf.rules.grid import rows_of


def test_words_that_are_level_are_a_row_and_gaps_part_its_cells() -> None:
    words = (
        Word("Total", (300, 50, 325, 60)),
        Word("due", (328, 51, 343, 61)),
        Word("12,50", (400, 49, 425, 59)),
        Word("Title", (20, 10, 60, 30)),
    )
    title, total = rows_of(PageText(1, "", "", words=words))
    assert title.text == "Title"
    assert total.text == "Total due  12,50"
    assert [total.text[cell.start : cell.end] for cell in total.cells] == ["Total due", "12,50"]
    assert total.box(0, 9) == (300, 50, 343, 61)
    assert total.box(11, 16) == (400, 49, 425, 59)


def test_layout_text_parts_cells_by_two_spaces_and_has_no_boxes() -> None:
    first, second = rows_of(PageText(1, "", "A b   c\n\n   d"))
    assert [first.text[cell.start : cell.end] for cell in first.cells] == ["A b", "c"]
    assert first.cells[1].left == 6
    assert second.cells[0].left == 3
    assert first.box(0, 1) is None
    assert second.top > first.bottom


def test_rules_between_words_part_cells_and_say_nothing() -> None:
    (row,) = rows_of(PageText(1, "", "One | Two · Three"))
    assert row.text == "One  Two  Three"


def test_the_text_stands_in_where_there_is_no_layout() -> None:
    assert [row.text for row in rows_of(PageText(1, "a\nb", ""))] == ["a", "b"]


BOXES = st.tuples(st.floats(0, 500), st.floats(0, 800), st.floats(0.1, 90), st.floats(0.1, 40)).map(
    lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
)
WORDS = st.builds(Word, st.text("ab1.€", min_size=1, max_size=8), BOXES)


@given(st.lists(WORDS, max_size=40))
def test_every_word_is_in_exactly_one_row(words: list[Word]) -> None:
    rows = rows_of(PageText(1, "", "", words=tuple(words)))
    assert sorted(" ".join(row.text for row in rows).split()) == sorted(one.text for one in words)
    for row in rows:
        assert row.top <= row.bottom
        assert [cell.start for cell in row.cells] == sorted(cell.start for cell in row.cells)
