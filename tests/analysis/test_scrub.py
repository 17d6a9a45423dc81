"""Pages keep their tags, long files are cut where rows end."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.analysis import scrub_long
from ai_catalyst.analysis.scrub_long import cut
from ai_catalyst.analysis.scrub_page import Page, scrubbed_page
from ai_catalyst.privacy import Scrubber

RULES = Scrubber(ner=False)
CODE = Scrubber(kinds=("EMAIL", "PHONE"), ner=False)
NAME = "&lt;NAME&gt;"


def page(source: str) -> Page:
    return scrubbed_page(source, RULES, CODE)


@pytest.mark.parametrize(
    ("source", "clean"),
    [
        ("<b>Miranda</b>\n <i>Thistlewood</i> came", f"<b>{NAME}</b><i></i> came"),
        ("<p>M&uuml;ller: Zo&euml; M&uuml;ller-Roe</p>", f"<p>{NAME}: {NAME}</p>"),
        ("jane&#64;example.org &amp; co", "&lt;EMAIL&gt; &amp; co"),
        ("<!-- for jane@example.org -->x", "<!-- for <EMAIL> -->x"),
        (
            "<a href='mailto:m%40example.org' class='Jane Doe'>x</a>",
            "<a href='mailto:&lt;EMAIL&gt;' class='Jane Doe'>x</a>",
        ),
        (
            "<script>let a = 'jane@example.org', b = Jane.Doe</script>",
            "<script>let a = '<EMAIL>', b = Jane.Doe</script>",
        ),
        (
            '<script type="application/ld+json">{"author": "Jane Doe"}</script>',
            '<script type="application/ld+json">{"author": "<NAME>"}</script>',
        ),
        ("<td>Name:</td><td>Miranda Roe</td>", f"<td>Name:</td><td>{NAME}</td>"),
        ("1 < 2 and 3 <4, said Miranda Roe <", f"1 < 2 and 3 <4, said {NAME} <"),
        ("<style>.Jane{}</style>", "<style>.Jane{}</style>"),
    ],
)
def test_a_page_keeps_its_tags_and_loses_what_people_read_of_somebody(
    source: str, clean: str
) -> None:
    assert page(source).clean == clean


WITHOUT = st.lists(
    st.sampled_from(["<p>", "</p>", "&amp;", "word ", "<br>", "<!--x-->", " < ", ">"])
)


@given(WITHOUT)
def test_a_page_without_findings_stays_as_it_is_to_the_letter(parts: list[str]) -> None:
    source = "".join(parts)
    assert page(source).clean == source


@pytest.mark.parametrize(
    "unit", ["<", "<a", "<a href='", "<!--", "<script>", "&amp", "<b>", "<a x='1' "]
)
def test_a_megabyte_of_markup_takes_linear_time(unit: str) -> None:
    import time

    source = unit * (2**18 // len(unit))
    started = time.process_time()
    page(source)
    assert time.process_time() - started < 2


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrub_long, "PIECE", 64)


CELLS = st.text(st.sampled_from('ab", \n'), max_size=30)


@pytest.mark.usefixtures("small")
@given(st.lists(st.tuples(CELLS, CELLS), max_size=30), st.integers(1, 50))
def test_a_table_is_cut_between_rows(rows: list[tuple[str, str]], step: int) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    text = buffer.getvalue()
    pieces = list(cut([text[at : at + step] for at in range(0, len(text), step)], ".csv"))
    assert "".join(pieces) == text
    read = [row for piece in pieces for row in csv.reader(io.StringIO(piece, newline=""))]
    assert read == list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.usefixtures("small")
def test_a_text_is_cut_at_paragraphs_then_lines_then_blanks() -> None:
    words = "word " * 30
    assert "".join(cut([words], ".txt")) == words
    assert next(cut([f"{'a' * 40}\n\n{'b' * 40}\nc"], ".txt")) == f"{'a' * 40}\n\n"
    assert all(piece.endswith(" ") for piece in cut([words], ".txt"))
