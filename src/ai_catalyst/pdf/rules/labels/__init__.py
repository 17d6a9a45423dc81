"""Labels: the words that stand beside values, in eight languages, found however they are spaced."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from ai_catalyst.pdf.rules.grid import Row

__all__ = ["LANGUAGES", "Label", "LabelBook", "LabelHit", "book", "compact", "item_book"]

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl")
_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "s", "№": "n", "º": "", "ª": ""})
_KEY = 2
_ORDINALS = frozenset("ºª")
_TAIL = frozenset(".º°ª)")


class Label(NamedTuple):
    """A label's letters, the field it announces, its language, and whether it does so weakly."""

    letters: str
    concept: str
    language: str
    weak: bool = False


class LabelHit(NamedTuple):
    """A label found in a row: its place in the row's text. ``leads`` a cell, or stands within."""

    row: Row
    start: int
    end: int
    concept: str
    languages: frozenset[str]
    weak: bool
    leads: bool


@dataclass(slots=True)
class LabelBook:
    """Labels by their first letters."""

    labels: dict[str, list[Label]] = field(default_factory=dict)

    def add(self, labels: Iterable[Label]) -> None:
        """Take labels in; those without a letter or ``#`` are left out."""
        for label in labels:
            if label.letters:
                self.labels.setdefault(label.letters[:_KEY], []).append(label)

    def copy(self) -> LabelBook:
        """Return a book that can be added to."""
        return LabelBook({key: list(labels) for key, labels in self.labels.items()})

    def find(self, row: Row) -> list[LabelHit]:
        """Return the labels of a row from left to right; of those that overlap, the longest."""
        letters, places = compact(row.text)
        if not letters:
            return []
        hits: list[LabelHit] = []
        past = 0
        for at in _word_starts(row.text, places):
            if at < past:
                continue
            found = self._longest(letters, at, row.text, places)
            if not found:
                continue
            end = places[at + len(found[0].letters) - 1] + 1
            while row.text[end : end + 1] in _TAIL:
                end += 1
            hits.extend(_hits(row, places[at], end, found))
            past = at + len(found[0].letters)
        return hits

    def _longest(self, letters: str, at: int, text: str, places: Sequence[int]) -> list[Label]:
        keys = (letters[at : at + _KEY], letters[at : at + 1])
        fitting = [
            label
            for key in keys
            for label in self.labels.get(key, ())
            if letters.startswith(label.letters, at)
            and _ends_word(text, places, at + len(label.letters))
        ]
        if len(fitting) < 2:
            return fitting
        within = [label for label in fitting if not _crosses(text, places, at, label)]
        size = max(len(label.letters) for label in within or fitting)
        return [label for label in within or fitting if len(label.letters) == size]


def _hits(row: Row, start: int, end: int, labels: list[Label]) -> list[LabelHit]:
    """Return one hit for each field the same words announce."""
    leads = any(cell.start <= start <= cell.start + 1 for cell in row.cells)
    by_concept: dict[str, list[Label]] = {}
    for label in labels:
        by_concept.setdefault(label.concept, []).append(label)
    return [
        LabelHit(
            row,
            start,
            end,
            concept,
            frozenset(label.language for label in same if label.language),
            all(label.weak for label in same),
            leads,
        )
        for concept, same in by_concept.items()
    ]


@lru_cache(maxsize=8192)
def compact(text: str) -> tuple[str, tuple[int, ...]]:
    """Return a text's letters and digits, folded, and the place of each in the text.

    Case, accents, spaces and punctuation are gone; ``#`` stays.
    """
    letters: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if char.isascii():
            if char.isalnum() or char == "#":
                letters.append(char.lower())
                places.append(place)
            continue
        for part in unicodedata.normalize("NFKD", char.lower().translate(_STROKES)):
            if part.isalnum():
                letters.append(part)
                places.append(place)
    return "".join(letters), tuple(places)


def _word_starts(text: str, places: Sequence[int]) -> Iterable[int]:
    previous = -2
    for at, place in enumerate(places):
        if place == previous:
            continue
        fresh = place - previous > 1 or text[place] == "#"
        camel = place > 0 and text[place].isupper() and text[place - 1].islower()
        if fresh or camel:
            yield at
        previous = place


def _crosses(text: str, places: Sequence[int], at: int, label: Label) -> bool:
    """Whether a label would reach from one cell into the next."""
    return "  " in text[places[at] : places[at + len(label.letters) - 1]]


def _ends_word(text: str, places: Sequence[int], after: int) -> bool:
    """Whether no letter follows the letter before ``after`` at once; a digit may, after a sign."""
    last = places[after - 1]
    char, beyond = text[last + 1 : last + 2], text[last + 2 : last + 3]
    if (char in ("-", "_") and beyond.isalnum()) or (char == "/" and beyond.isdigit()):
        return False  # "RE-2024" is a number that begins with a label
    return not char.isalnum() or char in _ORDINALS or text[last] == "#"


@lru_cache(maxsize=1)
def _files() -> dict[str, dict[str, list[str] | dict[str, list[str]]]]:
    folder = files(__name__)
    return {
        language: tomllib.loads((folder / f"{language}.toml").read_text("utf-8"))
        for language in LANGUAGES
    }


@lru_cache(maxsize=1)
def book() -> LabelBook:
    """Return the labels of every usual field in every language; not to be changed: `copy` it."""
    made = LabelBook()
    for language, table in _files().items():
        for key, value in table.items():
            if isinstance(value, list):
                made.add(Label(compact(text)[0], key, language) for text in value)
        for section, weak in (("weak", True), ("blockers", False)):
            group = table.get(section, {})
            if isinstance(group, dict):
                for concept, texts in group.items():
                    made.add(Label(compact(text)[0], concept, language, weak) for text in texts)
    return made


@lru_cache(maxsize=1)
def item_book() -> LabelBook:
    """Return the labels of the columns of line items."""
    made = LabelBook()
    for language, table in _files().items():
        group = table.get("items", {})
        if isinstance(group, dict):
            for concept, texts in group.items():
                made.add(Label(compact(text)[0], concept, language) for text in texts)
    return made
