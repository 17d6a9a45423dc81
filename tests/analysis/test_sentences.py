"""Claims about the sentence splitter."""

from __future__ import annotations

import pytest

from ai_catalyst.analysis.lexicon import lexicon
from ai_catalyst.analysis.sentences import Sentence, Unit, split_sentences


def texts(text: str, language: str = "en") -> list[str]:
    return [one.text for one in split_sentences(text, lexicon(language))]


def units(text: str) -> list[Unit]:
    return [one.unit for one in split_sentences(text, lexicon("en"))]


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("en", "Dr. Ada Example met Mr. J. Smith at 3 p.m. in the U.S. Senate. It rained.", 2),
        ("en", "It costs 3.50 euros, i.e. too much. He left for the U.S. The end came.", 3),
        ("en", "“Is it true?” she asked. “It is.” They left.", 3),
        ("en", "Wait... what happened? Nothing!", 2),
        ("de", "Am 3. März kam Frau Dr. Beispiel, z. B. mit dem Zug. Sie blieb bis zum 5. Tag.", 2),
        ("de", "Das gilt z.B. für Hunde, Katzen usw. auch dann. Ende.", 2),
        ("fr", "M. Exemple est arrivé à 9 h. Mme Modèle l'attendait, p. ex. au café.", 2),
        ("es", "El Sr. Ejemplo llegó tarde. La Dra. Modelo no.", 2),
        ("nl", "Mevr. Voorbeeld kwam om 9 uur, d.w.z. te laat. Dhr. Model niet.", 2),
        ("zh", "我们今天去公园。明天去学校！好吗？", 3),
    ],
)
def test_sentences_end_where_a_reader_ends_them(language: str, text: str, count: int) -> None:
    assert len(texts(text, language)) == count


def test_wrapped_lines_are_joined_and_hyphens_closed() -> None:
    text = (
        "The first line of this paragraph is long enough to be wrap-\n"
        "ped by hand, and the second line goes on with the sentence\n"
        "until it ends here. A second sentence follows.\n"
    )
    assert texts(text)[0].startswith(
        "The first line of this paragraph is long enough to be wrapped"
    )
    assert len(texts(text)) == 2


def test_paragraphs_on_single_lines_stay_apart() -> None:
    line = "Word " * 40
    assert len(texts(f"A title\n{line}one.\n{line}two.")) == 3


def test_lines_are_told_apart_by_what_they_are() -> None:
    text = (
        "# A heading\n\n- the first item is here\n- the second item is here\n\n"
        "Total: 12.50 euros\n\n| a | b | c |\n| 1 | 2 | 3 |\n\n> quoted before\n\n"
        "This sentence is prose and ends with a full stop."
    )
    assert units(text) == [
        Unit.HEADING,
        Unit.ITEM,
        Unit.ITEM,
        Unit.FIELD,
        Unit.ROW,
        Unit.ROW,
        Unit.QUOTE,
        Unit.PROSE,
    ]


def test_greetings_rules_and_code_are_no_sentences() -> None:
    text = "Dear Ms Example,\n\n-----\n\n```\nprint('x')\n```\n\nThe bill is paid."
    assert texts(text) == ["The bill is paid."]


def test_markdown_marks_are_taken_off() -> None:
    assert texts("The **big** [farm](https://example.com/a_(b)) is `green` today.")[0].startswith(
        "The big farm"
    )


def test_a_date_at_the_start_of_a_line_is_no_list_number() -> None:
    assert texts("12. März 2026 ist der Termin für alle Mitglieder des Vereins.", "de") == [
        "12. März 2026 ist der Termin für alle Mitglieder des Vereins."
    ]


def test_a_text_without_an_end_is_cut_into_bounded_pieces() -> None:
    found = split_sentences("word " * 20_000, lexicon("en"))
    assert all(len(one.text) <= 4_000 for one in found)
    assert sum(len(one.text.split()) for one in found) == 20_000


def test_empty_text_has_no_sentences() -> None:
    empty: list[Sentence] = []
    assert split_sentences("", lexicon("en")) == empty
    assert split_sentences(" \n\n\t ", lexicon("en")) == empty
