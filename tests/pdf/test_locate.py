"""Claims about where quotes are found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.pdf.locate import find_quote, locate
from ai_catalyst.pdf.model import PageText, Word


def page(text: str, number: int = 1, **more: object) -> PageText:
    """A page whose words stand in lines of ten points, each letter five points wide."""
    words = []
    for line, row in enumerate(text.splitlines()):
        at = 0
        for word in row.split():
            at = row.index(word, at)
            words.append(
                Word(word, (5.0 * at, 10.0 * line, 5.0 * (at + len(word)), 10.0 * line + 9))
            )
            at += len(word)
    return PageText(number, text, text, words=tuple(words), **more)  # type: ignore[arg-type]


def test_the_box_of_a_quote_is_the_union_of_its_words() -> None:
    found = find_quote("Total 12,50", page("Some words\nTotal 12,50 EUR"))
    assert found is not None
    assert found.quote == "Total 12,50"
    assert found.box == (0.0, 10.0, 55.0, 19.0)


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("office ﬂoor", "the ofﬁce floor"),
        ("over two\nlines", "over two lines"),
        ("over two lines", "over\n  two   lines"),
        ("a – dash", "a - dash"),
        ("“said”", '"said"'),
        ("TOTAL due", "Total Due"),
        ("soft", "so\u00adft"),
        ("1 234,00", "1\u00a0234,00"),
        ("$4.11", "due $4.11"),
        ("4.11", "due $4.11."),
        ("Rechnungsnummer", "Rechnungs nummer"),
    ],
)
def test_spaces_ligatures_dashes_and_case_do_not_matter(quote: str, text: str) -> None:
    assert find_quote(quote, page(text)) is not None


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("11", "in 2011"),
        ("11", "cost 4.11"),
        ("4.1", "cost 4.11"),
        ("12.50", "112.50"),
        ("invoice", "invoices"),
        ("missing", "not here"),
        ("...", "dots ... alone"),
        ("", "anything"),
    ],
)
def test_parts_of_words_and_numbers_are_not_found(quote: str, text: str) -> None:
    assert find_quote(quote, page(text)) is None


def test_a_page_without_boxes_gives_the_quote_alone() -> None:
    found = find_quote("twelve fifty", PageText(3, "it is Twelve fifty.", ""))
    assert found is not None
    assert (found.page, found.quote, found.box) == (3, "Twelve fifty.", None)


def test_notes_and_form_values_count() -> None:
    filled = page("nothing", notes=("seen by Jane",), fields=(("iban", "DE89 3704"),))
    assert find_quote("seen by Jane", filled) is not None
    assert find_quote("DE89 3704", filled) is not None


def test_the_named_page_is_tried_first() -> None:
    pages = [page("total 5", 1), page("total 5", 2)]
    first, named = locate("total 5", pages), locate("total 5", pages, 2)
    assert first is not None
    assert named is not None
    assert (first.page, named.page) == (1, 2)
    assert locate("total 6", pages, 2) is None
    elsewhere = locate("total 5", pages, 9)
    assert elsewhere is not None


@given(
    st.lists(st.text(alphabet="abcdefgh", min_size=2, max_size=6), min_size=3, max_size=12),
    st.data(),
)
def test_any_run_of_words_is_found_where_it_stands(words: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    found = find_quote("\n".join(words[start:end]), page(" ".join(words)))
    assert found is not None
    assert found.quote.split() == words[start:end]
