"""Claims about the names and dates found in a text."""

from __future__ import annotations

import pytest

from ai_catalyst.analysis.dates import find_dates
from ai_catalyst.analysis.lexicon import lexicon
from ai_catalyst.analysis.mentions import find_mentions
from ai_catalyst.analysis.sentences import split_sentences


def mentions(text: str, language: str = "en") -> dict[str, list[str]]:
    words = lexicon(language)
    return find_mentions(split_sentences(text, words), words)


@pytest.mark.parametrize(
    ("language", "text", "kind", "name"),
    [
        ("en", "The report was written by Judith Kamara last week.", "people", "Judith Kamara"),
        ("en", "Yesterday Farmer Judith Kamara sold it.", "people", "Judith Kamara"),
        ("en", "Letters for Judith Kamara arrive late.", "people", "Judith Kamara"),
        ("en", "It was sent to the wrong Mrs Baker again.", "people", "Mrs Baker"),
        ("en", "A plan by Zorblat Quandry failed. Then Quandry left.", "people", "Zorblat Quandry"),
        ("en", "Nothing changed, Zorblat Quandry said on Monday.", "people", "Zorblat Quandry"),
        ("de", "Die Lehrerin Katharina Bühler schlägt es vor.", "people", "Katharina Bühler"),
        ("de", "Gestern kam Frau Dr. Annegret Söllner an.", "people", "Annegret Söllner"),
        ("en", "It was built by Rowan & Pike Ltd in May.", "organisations", "Rowan & Pike Ltd"),
        (
            "en",
            "She studied at the University of Askrigg.",
            "organisations",
            "University of Askrigg",
        ),
        (
            "en",
            "The Department of Labour and Social Affairs agreed.",
            "organisations",
            "Department of Labour and Social Affairs",
        ),
        ("de", "Die Stadtwerke Lindenau zahlen das.", "organisations", "Stadtwerke Lindenau"),
        ("de", "Ein Angebot der Genossenschaft Grüner Daumen eG liegt vor.", "organisations", None),
        (
            "fr",
            "Une étude de l'Université de Lyon le montre.",
            "organisations",
            "Université de Lyon",
        ),
        ("en", "Trains go from Vienna to New York.", "places", "New York"),
        ("de", "Wir fahren nach München und Österreich.", "places", "Österreich"),
    ],
)
def test_names_are_placed_by_kind(language: str, text: str, kind: str, name: str | None) -> None:
    found = mentions(text, language)[kind]
    assert (name or "Genossenschaft Grüner Daumen eG") in found


@pytest.mark.parametrize(
    "text",
    [
        "The Quick Brown Fox jumps. It is Monday.",
        "Water and soil are measured every day.",
        "IMPORTANT NOTICE TO ALL",
        "However, Nothing Happened.",
    ],
)
def test_ordinary_capitals_are_nobody(text: str) -> None:
    assert mentions(text)["people"] == []


def test_a_title_with_a_surname_gives_way_to_the_full_name() -> None:
    text = "Dr. Miriam Castellane will see you. Only Dr. Castellane has access."
    assert mentions(text)["people"] == ["Miriam Castellane"]


def test_the_frequent_come_first_and_other_names_need_two_mentions() -> None:
    text = "They met at Cloud City. Later Oslo, then Paris, then Paris. In Cloud City it rained."
    found = mentions(text)
    assert found["places"] == ["Paris", "Oslo"]
    assert found["other"] == ["Cloud City"]


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("On 2026-03-02 and 12/05/2026.", ["2026-03-02", "12/05/2026"]),
        ("Due on 21 May 2026, or March 5, 2024.", ["21 May 2026", "March 5, 2024"]),
        ("Am 14. März 2026 und ab dem 4. April.", ["14. März 2026", "4. April"]),
        ("El 12 de marzo de 2025 y en julio de 2024.", ["12 de marzo de 2025", "julio de 2024"]),
        ("Le 1er juillet 2025.", ["1er juillet 2025"]),
        ("In Q3 2025 sales rose.", ["Q3 2025"]),
        ("He may 3 times; 10:30; version 1.2.3; 99 bottles in 2019.", []),
    ],
)
def test_dates_are_found_as_written(text: str, dates: list[str]) -> None:
    assert list(find_dates(text)) == dates
