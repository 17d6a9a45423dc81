"""Claims about words: counting, language, folding."""

from __future__ import annotations

import pytest

from ai_catalyst.analysis.lexicon import LANGUAGES, lexicon
from ai_catalyst.analysis.words import (
    content_terms,
    count_words,
    detect_language,
    folder,
    lexicon_of,
    without_addresses,
)

SAMPLES = {
    "en": "The farm has saved a third of its water because the sensors told it when to wait.",
    "de": "Der Hof hat ein Drittel seines Wassers gespart, weil die Sensoren ihm halfen.",
    "fr": "La ferme a économisé un tiers de son eau parce que les capteurs l'ont aidée.",
    "es": "La granja ha ahorrado un tercio de su agua porque los sensores le ayudaron.",
    "it": "La fattoria ha risparmiato un terzo della sua acqua perché i sensori l'hanno aiutata.",
    "nl": "De boerderij heeft een derde van haar water bespaard omdat de sensoren hielpen.",
    "pt": "A quinta poupou um terço da sua água porque os sensores não a deixaram regar.",
    "ja": "農場はセンサーのおかげで水の三分の一を節約しました。",
    "zh": "农场因为传感器节省了三分之一的水。",
}


@pytest.mark.parametrize("language", SAMPLES)
def test_the_language_of_a_sentence_is_told(language: str) -> None:
    assert detect_language(SAMPLES[language]) == language


def test_what_cannot_be_told_is_taken_from_the_hint() -> None:
    assert detect_language("1 2 3", "de-AT") == "de"
    assert detect_language("1 2 3") == ""
    assert detect_language("a, a, a, a, a, a") == ""
    assert detect_language(SAMPLES["fr"], "en") == "fr"


def test_words_are_counted_also_where_no_spaces_are() -> None:
    assert count_words("One two – three, 4!") == 4
    assert count_words("") == 0
    assert count_words(SAMPLES["zh"]) == 16


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", ("library", "libraries", "library's")),
        ("en", ("box", "boxes")),
        ("de", ("garten", "gartens")),
        ("fr", ("l'eau", "eau")),
        ("nl", ("trein", "treinen")),
    ],
)
def test_forms_of_a_word_are_one_term(language: str, forms: tuple[str, ...]) -> None:
    assert len({folder(language)(form) for form in forms}) == 1


def test_terms_leave_out_grammar_words() -> None:
    terms = content_terms("The libraries of the town are open", lexicon("en"))
    assert terms == ["library", "town", "open"]


def test_an_unknown_language_shows_its_grammar_words_by_itself() -> None:
    text = "kot i pies ida do domu i do lasu, a potem i do sadu i do wody, gdzie i ryby sa " * 3
    known = lexicon_of(text, "xx")
    assert {"i", "do"} <= known.stop
    assert "domu" not in known.stop


def test_every_language_has_its_lists() -> None:
    for language in LANGUAGES:
        words = lexicon(language)
        assert len(words.stop) > 100
        assert len(words.months) >= 12
        assert words.dangling
        assert words.abbreviations


def test_addresses_are_no_words() -> None:
    text = "Write to a.b@example.org or see https://example.com/garden now"
    assert "garden" not in without_addresses(text)
    assert without_addresses(text).startswith("Write to")
