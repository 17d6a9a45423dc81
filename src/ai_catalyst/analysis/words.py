"""Words: how a text is cut into them, which language they are, and which of them are one term."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from ai_catalyst.analysis.lexicon import LANGUAGES, Lexicon, lexicon

__all__ = [
    "WORD",
    "content_terms",
    "count_words",
    "detect_language",
    "folder",
    "lexicon_of",
    "without_addresses",
]

WORD = re.compile(r"[^\W\d_]\w*(?:[’'\-]\w+)*")
_SPACED = re.compile(r"\S+")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_ADDRESS = re.compile(
    r"[\w.+\-]{1,64}@[\w.\-]{1,200}|(?:https?://|www\.)\S{1,400}"
    r"|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}\b"
)
_LOOKED_AT = 20_000  # characters that decide the language

_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
)


def count_words(text: str) -> int:
    """Return the number of words: runs without white space that hold a letter or a digit.

    Characters of scripts written without spaces (Chinese, Japanese) count one each.
    """
    spaced = sum(1 for match in _SPACED.finditer(text) if any(map(str.isalnum, match.group())))
    wide = len(_CJK.findall(text))
    return spaced if not wide else spaced + max(0, wide - spaced)


def detect_language(text: str, hint: str = "") -> str:
    """Return the ISO 639-1 code of the language of `text`, or ``""`` when it cannot be told.

    The language whose grammar words are most frequent wins; `hint` (``"de-AT"``) serves when the
    text does not decide.
    """
    sample = text[:_LOOKED_AT]
    words = [word.lower().replace("’", "'") for word in WORD.findall(sample)]
    if len(words) >= 4:
        counts = Counter(words)
        shares = [(_share(counts, language), language) for language in LANGUAGES]
        best, language = max(shares)
        if best >= 0.12:
            return language
    letters = sum(map(str.isalpha, sample))
    for code, script in _SCRIPTS:
        if letters and len(script.findall(sample)) * 10 > letters * 3:
            return code
    return hint.strip().lower()[:2] if hint.strip()[:2].isalpha() else ""


def lexicon_of(text: str, language: str) -> Lexicon:
    """Return the word lists of a language; for one we do not know, what `text` itself shows.

    Grammar words are short and frequent in every language with an alphabet.
    """
    if language in LANGUAGES:
        return lexicon(language)
    found = [word.lower() for word in WORD.findall(text[:_LOOKED_AT])]
    often = max(4, len(found) // 120)
    stop = (word for word, n in Counter(found).items() if n >= often and len(word) <= 5)
    return replace(lexicon(language), stop=frozenset(stop))


def _share(counts: Counter[str], language: str) -> float:
    """The share of grammar words; three different ones at least, or a row of "a, a, a" has it."""
    stop = lexicon(language).stop
    found = [n for word, n in counts.items() if word in stop]
    return sum(found) / counts.total() if len(found) >= 3 else 0.0


def content_terms(text: str, words: Lexicon) -> list[str]:
    """Return the terms of `text` that carry meaning, folded so that forms of a word are equal."""
    if _CJK.search(text):
        return _pairs(text)
    stop = words.stop
    fold = folder(words.language)
    lowered = (word.replace("’", "'") for word in WORD.findall(text.lower()))
    return [fold(word) for word in lowered if len(word) > 1 and word not in stop]


def without_addresses(text: str) -> str:
    """Return `text` without mail and web addresses and account numbers, which are no words."""
    return _ADDRESS.sub(" · ", text)


def _pairs(text: str) -> list[str]:
    wide = _CJK.findall(text)
    return [first + second for first, second in pairwise(wide)]


def folder(language: str) -> Callable[[str], str]:
    """Return the function that maps the forms of a word (lower case) to one term."""
    return _FOLDERS.get(language, _fold_nothing)


def _fold_nothing(word: str) -> str:
    return word


@lru_cache(maxsize=65_536)
def _fold_english(word: str) -> str:
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=65_536)
def _fold_germanic(word: str) -> str:
    for _ in range(2):  # des Gartens, den Gärten: a case on top of a stem's own ending
        ending = next((e for e in _GERMANIC if word.endswith(e) and len(word) - len(e) >= 4), "")
        word = word.removesuffix(ending)
    return word


_GERMANIC = ("ern", "em", "en", "er", "es", "e", "s")


@lru_cache(maxsize=65_536)
def _fold_romance(word: str) -> str:
    head, apostrophe, tail = word.rpartition("'")
    if apostrophe and len(head) <= 5:  # l'eau, dell'acqua
        word = tail
    if len(word) > 4 and word.endswith(("s", "x")):
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word[-1] in "aeio" else word


_FOLDERS: dict[str, Callable[[str], str]] = {
    "en": _fold_english,
    "de": _fold_germanic,
    "nl": _fold_germanic,
    "fr": _fold_romance,
    "es": _fold_romance,
    "it": _fold_romance,
    "pt": _fold_romance,
}
