"""`find_fields`: the values of a schema in the pages of one document, by rules alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ai_catalyst.pdf.model import Evidence, Extraction, PageText
from ai_catalyst.pdf.patterns import Deadline
from ai_catalyst.pdf.rules.candidates import Candidate, by_label, by_shape
from ai_catalyst.pdf.rules.document import Reading
from ai_catalyst.pdf.rules.grid import union
from ai_catalyst.pdf.rules.items import line_items
from ai_catalyst.pdf.rules.labels import Label, LabelBook, book, compact
from ai_catalyst.pdf.rules.matching import by_choice, by_form, by_pattern, label_key
from ai_catalyst.pdf.rules.usual import Usual
from ai_catalyst.pdf.schema import Field, Schema

__all__ = ["RULES_VERSION", "find_fields"]

RULES_VERSION = 2
"""Part of every journal key: raised when rules give other values."""

_LEAST = 0.3
_CLOSE = 0.1


def find_fields(pages: Sequence[PageText], schema: Schema) -> Extraction:
    """Return what rules find of a schema in a document, each value with its place.

    A field nobody finds has no key. A value that another one contradicts is less sure. Raises
    `ProcessingError` when a pattern of the schema takes too long.
    """
    return Finder(pages, schema).run()


class Finder:
    """One document and what is looked for in it."""

    def __init__(self, pages: Sequence[PageText], schema: Schema) -> None:
        """Read the pages; labels of the schema's own join the usual ones."""
        self.schema = schema
        self.pages = pages
        self.reading = Reading.of(pages, _book_for(schema))
        self._deadline = Deadline()
        self._usual = Usual(self.reading)

    def run(self) -> Extraction:
        """Find every field."""
        extraction = Extraction()
        for each in self.schema.fields:
            if each.type == "items":
                self._items(each, extraction)
                continue
            candidates = sorted(self._candidates(each), key=lambda one: -one.score)
            candidates = [one for one in candidates if one.score >= _LEAST]
            if candidates:
                self._take(each, candidates, extraction)
        return extraction

    def _take(self, each: Field, candidates: list[Candidate], extraction: Extraction) -> None:
        best = candidates[0]
        extraction.evidence[each.name] = _evidence(best, _confidence(each, candidates))
        if each.many:
            extraction.data[each.name] = _all_of(candidates)
        else:
            extraction.data[each.name] = best.value

    def _items(self, each: Field, extraction: Extraction) -> None:
        found = line_items(self.reading, each.fields)
        if not found.items:
            return
        rows = [self.reading.rows[number] for number in found.rows]
        same = [row for row in rows if row.page == rows[0].page]
        boxes = [box for row in same if (box := row.box(0, len(row.text))) is not None]
        quote = "\n".join(row.text for row in same)[:2000]
        extraction.data[each.name] = found.items
        extraction.evidence[each.name] = Evidence(rows[0].page, quote, union(boxes), 0.75, "table")

    def _candidates(self, each: Field) -> list[Candidate]:
        reading = self.reading
        if each.pattern is not None:
            return by_pattern(reading, each, each.pattern, self._deadline)
        found = by_form(reading, each)
        if each.choices:
            return [*found, *by_choice(reading, each)]
        usual = self._usual.candidates(each)
        if usual is None:
            return [
                *found,
                *by_label(reading, label_key(each), each.type),
                *by_shape(reading, each.type),
            ]
        own = by_label(reading, label_key(each), each.type) if each.labels else []
        return [*found, *usual, *own]


def _book_for(schema: Schema) -> LabelBook:
    """Return the usual labels and those of the schema's fields; a bare own name is one."""
    own = [
        Label(compact(text)[0], label_key(each), "")
        for each in schema.fields
        for text in (*each.labels, *(() if each.concept else (each.name.replace("_", " "),)))
    ]
    if not own:
        return book()
    made = book().copy()
    made.add(own)
    return made


def _confidence(each: Field, candidates: list[Candidate]) -> float:
    """Return how sure the best is: surer with agreement, less with a rival that says otherwise."""
    best = candidates[0]
    confidence = min(best.score, 0.97)
    agreeing = {(one.number, one.start) for one in candidates if _same(one.value, best.value)}
    confidence += 0.02 * min(2, len(agreeing) - 1)
    rivals = [one for one in candidates if not _same(one.value, best.value)]
    if rivals and not each.many and best.score - rivals[0].score < _CLOSE:
        confidence -= 0.25 + 0.2 * (1 - (best.score - rivals[0].score) / _CLOSE)
    return round(max(0.05, min(0.99, confidence)), 3)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return compact(one)[0] == compact(other)[0]
    return bool(one == other)


def _all_of(candidates: list[Candidate]) -> list[Any]:
    """Return the distinct values that are about as sure as the best, in the document's order."""
    best = candidates[0].score
    kept: list[Candidate] = []
    for one in candidates:
        if one.score >= max(0.45, best - 0.3) and not any(
            _same(one.value, other.value) for other in kept
        ):
            kept.append(one)
    return [one.value for one in sorted(kept, key=lambda one: (one.number, one.start))]


def _evidence(best: Candidate, confidence: float) -> Evidence:
    if best.row is None:
        page, _, value = best.note.partition("\n")
        return Evidence(int(page), value, None, confidence, best.source)
    return Evidence(
        best.row.page, best.quote, best.row.box(best.start, best.end), confidence, best.source
    )
