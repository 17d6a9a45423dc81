"""Claims about the words that stand beside values."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ai_catalyst.pdf.model import PageText
from ai_catalyst.pdf.rules.grid import rows_of
from ai_catalyst.pdf.rules.labels import LANGUAGES, book, compact
from ai_catalyst.pdf.vocabulary import VOCABULARY

TABLES = {
    language: tomllib.loads(
        (files("ai_catalyst.pdf.rules.labels") / f"{language}.toml").read_text("utf-8")
    )
    for language in LANGUAGES
}
ALL = [
    (concept, text)
    for table in TABLES.values()
    for concept, texts in table.items()
    if isinstance(texts, list)
    for text in texts
]


def labels(text: str) -> list[tuple[str, str]]:
    return [
        (hit.concept, row.text[hit.start : hit.end])
        for row in rows_of(PageText(1, "", text))
        for hit in book().find(row)
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_knows_every_field_of_an_invoice(language: str) -> None:
    table = TABLES[language]
    known = {key for key, value in table.items() if isinstance(value, list)}
    assert known <= set(VOCABULARY)
    assert set(VOCABULARY) - known <= {"items"}
    for section in ("weak", "blockers", "items"):
        assert table[section]


def test_no_label_is_listed_twice_for_a_field() -> None:
    for language, table in TABLES.items():
        for concept, texts in table.items():
            if isinstance(texts, list):
                spelt = [text.casefold() for text in texts]
                twice = {text for text in spelt if spelt.count(text) > 1}
                assert not twice, (language, concept)


@example(("customer_number", "Cliente nº"), ":", False)
@given(st.sampled_from(ALL), st.sampled_from([":", " :", ".", "", " -"]), st.booleans())
def test_a_label_is_found_whatever_its_case_and_what_follows(
    label: tuple[str, str], after: str, upper: bool
) -> None:
    concept, text = label
    shown = text.upper() if upper else text
    assert concept in [found for found, _ in labels(f"{shown}{after} 4711")]


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("Rechnungs - Nr . : 7", "invoice_number"),
        ("R e c h n u n g s n u m m e r 7", "invoice_number"),
        ("InvoiceNumber: 7", "invoice_number"),
        ("N° de facture 7", "invoice_number"),
        ("ECHEANCE 7", "due_date"),
        ("Wartosc brutto 7", "total"),
    ],
)
def test_spacing_accents_and_punctuation_do_not_matter(text: str, concept: str) -> None:
    assert concept in [found for found, _ in labels(text)]


def test_the_longest_label_wins() -> None:
    assert labels("Total excl. VAT: 5") == [("net", "Total excl. VAT")]
    assert labels("Invoice date") == [("date", "Invoice date")]
    assert labels("Order date") == [("order_date", "Order date")]


def test_a_number_that_begins_with_a_label_is_none() -> None:
    assert labels("RE-2024-17") == []
    assert labels("totally datebook") == []


def test_letters_are_folded_and_keep_their_place() -> None:
    assert compact("É-n°") == ("en", (0, 2))
    assert compact("ﬁ #") == ("fi#", (0, 0, 2))
