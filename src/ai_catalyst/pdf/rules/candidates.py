"""Candidates for a field: what stands right of its label, or below it, or looks like its type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ai_catalyst.pdf.rules.document import Reading
from ai_catalyst.pdf.rules.grid import Cell, Row
from ai_catalyst.pdf.rules.labels import LabelHit
from ai_catalyst.pdf.values import Hit, find

__all__ = ["Candidate", "by_label", "by_shape"]

_NEAR = re.compile(r"^[\s:#.=\-–—>|№*)\]]*$")
_LEADING = " :#.=-–—>|*\t"
_LINES_BELOW = 2.6
_SLACK = 2.0
_OF_ITEMS = frozenset({"total", "net", "tax", "discount", "shipping", "paid", "date"})
"""What may head a column of line items: then the value below is an item's."""
_WORDY = frozenset({"text", "boolean"})
_SHAPED = {"iban": 0.75, "vat_id": 0.7, "bic": 0.6, "email": 0.7, "url": 0.6, "phone": 0.4}
_CLOCK = re.compile(r"\d{1,2}:\d{2}")


class Candidate(NamedTuple):
    """A value that a field may have, where it stands, and how much speaks for it (0 to 1)."""

    value: Any
    row: Row | None
    start: int
    end: int
    score: float
    source: str
    number: int = -1
    """The number of its row among all."""
    note: str = ""

    @property
    def quote(self) -> str:
        """The words as written."""
        return "" if self.row is None else self.row.text[self.start : self.end]


def by_label(reading: Reading, concept: str, kind: str) -> list[Candidate]:
    """Return what stands beside or below the labels of a field."""
    found: list[Candidate] = []
    for number, label in reading.labelled(concept):
        weight = _weight(reading, number, label)
        beside = list(_beside(reading, number, label, kind))
        found.extend(_weighted(beside, weight))
        if not beside or beside[0].score < 0.8:
            may_head = concept in _OF_ITEMS and (concept != "date" or label.weak)
            table = may_head and reading.heads_items(number)
            if not table:
                found.extend(_weighted(_under(reading, number, label, kind), weight))
    return found


def by_shape(reading: Reading, kind: str) -> list[Candidate]:
    """Return every value that has the shape of a type that is told by its shape alone."""
    worth = _SHAPED.get(kind)
    if worth is None:
        return []
    return [
        _candidate(reading, number, hit, worth * hit.sure, "shape")
        for number, hit in reading.every(kind)
        if hit.sure >= 0.5
    ]


def _candidate(
    reading: Reading, number: int, hit: Hit, score: float, source: str = "label"
) -> Candidate:
    return Candidate(
        hit.value, reading.rows[number], hit.start, hit.end, score, source, number, hit.note
    )


def _weighted(candidates: Iterator[Candidate] | list[Candidate], weight: float) -> list[Candidate]:
    return [each._replace(score=each.score * weight) for each in candidates]


def _weight(reading: Reading, number: int, label: LabelHit) -> float:
    """Return how much a label tells: less within prose, in a foreign language, or when weak."""
    cell = label.row.cell_at(label.start)
    marked = label.row.text[label.end : label.end + 3].lstrip(" .").startswith(":")
    alone = label.leads and (marked or label.end >= cell.end - 1)
    weight = 1.0 if not label.weak else 0.82 if alone else 0.65
    if not label.leads and not marked:
        weight *= 0.75
        if len(label.row.text[cell.start : cell.end].split()) > 9:
            weight *= 0.6
    spoken = reading.locale.languages[:2]
    if spoken and label.languages and not label.languages & set(spoken):
        weight *= 0.85
    if spoken and spoken[0] not in label.languages and _otherwise(reading, number, label):
        weight *= 0.6
    return weight


def _otherwise(reading: Reading, number: int, label: LabelHit) -> bool:
    """Whether the same words mean another field in the document's language."""
    return any(
        other.start == label.start
        and other.concept != label.concept
        and reading.locale.languages[0] in other.languages
        for other in reading.labels[number]
    )


# Right of the label.


def _beside(reading: Reading, number: int, label: LabelHit, kind: str) -> Iterator[Candidate]:
    row = label.row
    end = _limit(reading, number, label, kind)
    if kind in _WORDY:
        yield from _words_beside(reading, number, label, end, kind)
        return
    hits = [
        hit
        for hit in _clear_of(reading, number, label, kind)
        if label.start <= hit.start and label.end < hit.end <= end
    ]
    if not hits:
        return
    if kind in ("amount", "number", "percent", "integer"):
        yield from _amount_beside(reading, number, label, hits)
        return
    for rank, hit in enumerate(hits[:2]):
        between = row.text[label.end : hit.start]
        score = 0.95 if _NEAR.match(between) else 0.95 - 0.12 * min(4, len(between.split()))
        score -= 0.3 * rank
        score *= 0.6 + 0.4 * hit.sure
        score -= _unlike(reading, number, hit, kind)
        if score > 0.2:
            yield _candidate(reading, number, hit, score)


def _clear_of(reading: Reading, number: int, label: LabelHit, kind: str) -> list[Hit]:
    """Return a row's values; when one reaches into the label, those of the text behind it.

    An amount may: the label may end in its currency.
    """
    hits = reading.hits(kind, number)
    if kind == "amount" or not any(hit.start < label.end < hit.end for hit in hits):
        return hits
    behind = find(kind, label.row.text[label.end :], reading.locale)
    return [hit._replace(start=hit.start + label.end, end=hit.end + label.end) for hit in behind]


def _limit(reading: Reading, number: int, label: LabelHit, kind: str) -> int:
    """Return where in the row the label's reach ends: before the next label."""
    row = label.row
    for other in reading.labels[number]:
        if other.start < label.end or other.concept == label.concept:
            continue
        marked = row.text[other.end : other.end + 3].lstrip(" .").startswith(":")
        if marked or (other.leads and not (other.weak and kind in _WORDY)):
            return other.start
    return len(row.text)


def _unlike(reading: Reading, number: int, hit: Hit, kind: str) -> float:
    """Return what speaks against an identifier: that it is a date, an amount, a clock time."""
    if kind not in ("identifier", "tax_id"):
        return 0.0
    for other in reading.hits("date", number):
        if other.start < hit.end and hit.start < other.end and hit.start >= other.start:
            return 0.45
    for other in reading.hits("amount", number):
        if other.start <= hit.start and hit.end <= other.end and other.sure >= 0.75:
            return 0.4
    text = reading.rows[number].text[hit.start : hit.end + 3]
    if "%" in text or _CLOCK.match(text):
        return 0.5
    return 0.15 if len(str(hit.value)) < 3 else 0.0


def _amount_beside(
    reading: Reading, number: int, label: LabelHit, hits: list[Hit]
) -> Iterator[Candidate]:
    """Yield the last amount of the run of figures behind a label, then the others.

    What stands in a totals row under several columns ends with the total; words end the run.
    """
    text = label.row.text
    run: list[Hit] = []
    for hit in hits:
        between = text[(run[-1].end if run else label.end) : hit.start]
        if run and _wordy(between):
            break
        run.append(hit)
    decimals = [hit for hit in run if hit.sure >= 0.75]
    best = (decimals or run)[-1]
    words = _wordy(text[label.end : best.start])
    score = (0.95 if best.sure >= 0.75 else 0.6) - (0.05 * min(words, 6))
    yield _candidate(reading, number, best, score)
    for hit in decimals[:-1]:
        yield _candidate(reading, number, hit, score - 0.3)


def _wordy(text: str) -> int:
    return sum(len(word) > 3 for word in re.findall(r"[^\W\d_]+", text))


def _words_beside(
    reading: Reading, number: int, label: LabelHit, end: int, kind: str
) -> Iterator[Candidate]:
    row = label.row
    cell = row.cell_at(label.start)
    own = row.text[label.end : min(cell.end, end)]
    if _cut(own):
        if row.text[label.end : label.end + 3].lstrip(" .").startswith((":", "-", "–")):
            yield from _text(reading, number, label.end, min(cell.end, end), 0.9, kind)
        else:
            yield from _text(reading, number, label.end, min(cell.end, end), 0.5, kind)
        return
    following = [other for other in row.cells if other.start >= cell.end and other.start < end]
    if following:
        far = following[0].left - row.span(label.start, label.end)[1]
        score = 0.85 if far < 25 else 0.6
        yield from _text(
            reading, number, following[0].start, min(following[0].end, end), score, kind
        )


def _cut(text: str) -> str:
    return text.strip(_LEADING)


def _text(
    reading: Reading, number: int, start: int, end: int, score: float, kind: str
) -> Iterator[Candidate]:
    row = reading.rows[number]
    raw = row.text[start:end]
    value: Any = raw.lstrip(_LEADING).rstrip(" ,;:|\t")
    if not value:
        return
    place = start + raw.index(value)
    if kind == "boolean":
        hits = _booleans(reading, value)
        if not hits:
            return
        value = hits[0].value
        yield Candidate(value, row, place, place + hits[0].end, score, "label", number)
        return
    yield Candidate(value, row, place, place + len(value), score, "label", number)


def _booleans(reading: Reading, text: str) -> list[Hit]:
    return find("boolean", text, reading.locale)


# Below the label.


def _under(reading: Reading, number: int, label: LabelHit, kind: str) -> Iterator[Candidate]:
    left, right = label.row.span(label.start, label.end)
    skipped = 0
    for other in reading.below(number, _LINES_BELOW):
        row = reading.rows[other]
        for cell in _overlapping(row, left, right):
            if _is_label(reading, other, cell):
                return
            found = list(_in_cell(reading, other, cell, (left, right), kind))
            yield from found
            if found or skipped:
                return
            skipped += 1


def _overlapping(row: Row, left: float, right: float) -> Iterator[Cell]:
    for cell in row.cells:
        if cell.left < right + _SLACK and left - _SLACK < cell.right:
            yield cell


def _is_label(reading: Reading, number: int, cell: Cell) -> bool:
    return any(
        cell.start <= hit.start <= cell.start + 1 and not hit.weak for hit in reading.labels[number]
    )


def _in_cell(
    reading: Reading, number: int, cell: Cell, across: tuple[float, float], kind: str
) -> Iterator[Candidate]:
    row = reading.rows[number]
    if kind in _WORDY:
        yield from _text(reading, number, cell.start, cell.end, 0.75, kind)
        return
    hits = [
        hit for hit in reading.hits(kind, number) if cell.start <= hit.start and hit.end <= cell.end
    ]

    def apart(hit: Hit) -> float:
        left, right = row.span(hit.start, hit.end)
        return max(0.0, left - across[1], across[0] - right)

    hits.sort(key=lambda hit: (apart(hit), hit.start))
    for hit in hits[:1]:
        if kind in ("amount", "number") and apart(hit) > _SLACK:
            return
        score = (0.85 - 0.02 * apart(hit)) * (0.6 + 0.4 * hit.sure)
        score -= _unlike(reading, number, hit, kind)
        words = len(row.text[cell.start : cell.end].split()) - sum(
            len(row.text[other.start : other.end].split()) for other in hits
        )
        score -= 0.06 * max(0, min(words, 5))
        if score > 0.2:
            yield _candidate(reading, number, hit, score)
