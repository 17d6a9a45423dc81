"""`find_fields`: the values of a schema in the pages of one document, by rules alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from ai_catalyst.pdf.model import Evidence, Extraction, PageText
from ai_catalyst.pdf.patterns import Deadline, matches
from ai_catalyst.pdf.rules.candidates import Candidate, by_label, by_shape
from ai_catalyst.pdf.rules.document import Reading
from ai_catalyst.pdf.rules.grid import union
from ai_catalyst.pdf.rules.items import line_items
from ai_catalyst.pdf.rules.labels import Label, LabelBook, book, compact
from ai_catalyst.pdf.rules.money import SUMS, sums
from ai_catalyst.pdf.rules.parties import Parties, parties
from ai_catalyst.pdf.schema import Field, Schema
from ai_catalyst.pdf.values import normalised, of_country

__all__ = ["RULES_VERSION", "find_fields"]

RULES_VERSION = 1
"""Part of every journal key: raised when rules give other values."""

_LEAST = 0.3
_CLOSE = 0.12
_ANCHORS = "^$"


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
        self._sums: dict[str, list[Candidate]] | None = None
        self._parties: Parties | None = None

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
        if each.pattern is not None:
            return self._by_pattern(each, each.pattern)
        found = self._by_form(each)
        if each.choices:
            return [*found, *self._by_choice(each)]
        special = _SPECIAL.get(each.concept or "")
        if special is not None:
            found += special(self, each)
        if special is None or each.labels:
            found += by_label(self.reading, _key(each), each.type)
        if special is None:
            found += by_shape(self.reading, each.type)
        return found

    # Where a pattern, a form or a choice says so.

    def _by_pattern(self, each: Field, pattern: str) -> list[Candidate]:
        place = f"field {each.name!r}"
        found = self._matched(each, f"(?m){pattern}", place)
        if not found and (pattern[:1] in _ANCHORS or pattern[-1:] in _ANCHORS):
            bare = pattern.removeprefix("^").removesuffix("$")
            found = self._matched(each, rf"(?<!\w)(?:{bare})(?!\w)", place)
        return found

    def _matched(self, each: Field, pattern: str, place: str) -> list[Candidate]:
        """Look in each page's rows joined by line ends; in its layout where rows have none."""
        found: list[Candidate] = []
        for page in {row.page: None for row in self.reading.rows}:
            numbers = [n for n, row in enumerate(self.reading.rows) if row.page == page]
            starts: list[int] = []
            text = ""
            for number in numbers:
                starts.append(len(text))
                text += self.reading.rows[number].text + "\n"
            for match in matches(pattern, text, place, self._deadline):
                start, end = _value_span(match)
                if start < 0 or start == end:
                    continue
                at = max(place for place, begin in enumerate(starts) if begin <= start)
                row = self.reading.rows[numbers[at]]
                raw = text[start:end]
                value = normalised(each.type, raw, self.reading.locale)
                if value is not None:
                    inside = start - starts[at]
                    found.append(
                        Candidate(
                            value,
                            row,
                            inside,
                            min(inside + len(raw), len(row.text)),
                            0.97 - 0.001 * min(len(found), 100),
                            "pattern",
                            numbers[at],
                        )
                    )
        return found

    def _by_form(self, each: Field) -> list[Candidate]:
        """Take what a form's field of that name holds."""
        names = {compact(each.name)[0], *(compact(label)[0] for label in each.labels)}
        if each.concept:
            names |= _letters_of(each.concept)
        found = []
        for page, name, value in self.reading.forms:
            if compact(name.rsplit(".", 1)[-1])[0] in names:
                typed = normalised(each.type, value, self.reading.locale)
                if typed is not None:
                    found.append(Candidate(typed, None, 0, 0, 0.96, "form", -1, f"{page}\n{value}"))
        return found

    def _by_choice(self, each: Field) -> list[Candidate]:
        beside = by_label(self.reading, _key(each), "text")
        found = []
        for choice in each.choices:
            letters = compact(choice)[0]
            found += [
                one._replace(value=choice)
                for one in beside
                if compact(str(one.value))[0].startswith(letters)
            ]
            for number, row in enumerate(self.reading.rows):
                place = row.text.casefold().find(choice.casefold())
                if place >= 0:
                    end = place + len(choice)
                    found.append(Candidate(choice, row, place, end, 0.5, "shape", number))
        return found

    # The usual fields that need more than a label.

    @property
    def sums(self) -> dict[str, list[Candidate]]:
        """Total, net and tax, chosen together."""
        if self._sums is None:
            self._sums = sums(self.reading)
        return self._sums

    @property
    def parties(self) -> Parties:
        """Who sent it and who pays."""
        if self._parties is None:
            self._parties = parties(self.reading)
        return self._parties

    def sum_of(self, each: Field) -> list[Candidate]:
        """Return candidates for total, net or tax."""
        return list(self.sums[each.concept or "total"])

    def issuer(self, each: Field) -> list[Candidate]:
        """Return candidates for the seller."""
        return list(self.parties.issuer)

    def customer(self, each: Field) -> list[Candidate]:
        """Return candidates for the buyer."""
        return list(self.parties.customer)

    def date(self, each: Field) -> list[Candidate]:
        """Return labelled dates, else the first one that no other label claims."""
        labelled = by_label(self.reading, "date", "date")
        claimed = {
            (one.number, one.start)
            for concept in ("due_date", "delivery_date", "order_date", "period_start", "other")
            for one in by_label(self.reading, concept, "date")
        }
        labelled = [
            one._replace(score=one.score - 0.25) if (one.number, one.start) in claimed else one
            for one in labelled
        ]
        rank = 0
        for number, hit in self.reading.every("date"):
            if (number, hit.start) in claimed:
                continue
            row = self.reading.rows[number]
            score = 0.5 - 0.03 * min(rank, 5) - 0.15 * (number > 40 or row.page > 1)
            labelled.append(Candidate(hit.value, row, hit.start, hit.end, score, "place", number))
            rank += 1
        return labelled

    def vat(self, each: Field) -> list[Candidate]:
        """Return VAT ids of the seller, or of the buyer."""
        own = each.concept == "vat_id"
        found = [
            *by_label(self.reading, each.concept or "vat_id", "vat_id"),
            *(by_shape(self.reading, "vat_id") if own else ()),
            *self._national(each),
        ]
        judged = []
        for one in found:
            cell = one.row.cell_at(one.start).start if one.row is not None else -1
            theirs = (one.number, cell) in self.parties.theirs
            if own and theirs:
                one = one._replace(score=one.score - 0.4)
            judged.append(one)
        if not own:
            judged += self._theirs(each)
        return judged

    def _national(self, each: Field) -> list[Candidate]:
        """Return labelled numbers that no country's pattern knows, less sure."""
        found = by_label(self.reading, each.concept or "vat_id", "tax_id")
        return [
            one._replace(score=one.score * 0.85, value=compact(one.value)[0].upper())
            for one in found
        ]

    def _theirs(self, each: Field) -> list[Candidate]:
        return [
            one._replace(score=0.7)
            for one in by_shape(self.reading, "vat_id")
            if one.row is not None
            and (one.number, one.row.cell_at(one.start).start) in self.parties.theirs
        ]

    def currency(self, each: Field) -> list[Candidate]:
        """Return the currency of the total, of most amounts, or of the country, in this order."""
        found = by_label(self.reading, "currency", "currency")
        for one in self.sums["total"][:2]:
            if one.note and one.row is not None:
                found.append(one._replace(value=one.note, score=min(0.95, one.score + 0.05)))
            elif one.row is not None:
                found += self._named_beside(one)
        counted: Counter[str] = Counter()
        first: dict[str, Candidate] = {}
        for number, hit in self.reading.every("currency"):
            counted[hit.value] += 1
            row = self.reading.rows[number]
            first.setdefault(
                hit.value, Candidate(hit.value, row, hit.start, hit.end, 0.0, "shape", number)
            )
        for code, count in counted.most_common(3):
            share = count / sum(counted.values())
            found.append(first[code]._replace(score=0.45 + 0.35 * share))
        return found or self._of_country()

    def _named_beside(self, total: Candidate) -> list[Candidate]:
        return [
            Candidate(hit.value, total.row, hit.start, hit.end, 0.88, "label", total.number)
            for hit in self.reading.hits("currency", total.number)
            if total.row is not None
        ]

    def _of_country(self) -> list[Candidate]:
        found = []
        for kind in ("vat_id", "iban"):
            for number, hit in self.reading.every(kind):
                code = of_country(hit.note) if hit.sure >= 0.9 else None
                if code:
                    row = self.reading.rows[number]
                    found.append(Candidate(code, row, hit.start, hit.end, 0.4, "country", number))
        return found


_SPECIAL: dict[str, Callable[[Finder, Field], list[Candidate]]] = {
    **dict.fromkeys(SUMS, Finder.sum_of),
    "issuer": Finder.issuer,
    "customer": Finder.customer,
    "date": Finder.date,
    "vat_id": Finder.vat,
    "customer_vat_id": Finder.vat,
    "currency": Finder.currency,
}


def _key(each: Field) -> str:
    return each.concept or f"field:{each.name}"


def _book_for(schema: Schema) -> LabelBook:
    """Return the usual labels and those of the schema's fields; a bare own name is one."""
    own = [
        Label(compact(text)[0], _key(each), "")
        for each in schema.fields
        for text in (*each.labels, *(() if each.concept else (each.name.replace("_", " "),)))
    ]
    if not own:
        return book()
    made = book().copy()
    made.add(own)
    return made


def _letters_of(concept: str) -> set[str]:
    return {
        label.letters
        for labels in book().labels.values()
        for label in labels
        if label.concept == concept and not label.weak
    }


def _value_span(match: Any) -> tuple[int, int]:
    if "value" in match.re.groupindex:
        start, end = match.span("value")
    elif match.re.groups:
        index = next((n for n, text in enumerate(match.groups(), 1) if text is not None), 0)
        start, end = match.span(index)
    else:
        start, end = match.span()
    return int(start), int(end)


def _confidence(each: Field, candidates: list[Candidate]) -> float:
    """Return how sure the best is: surer with agreement, less with a rival that says otherwise."""
    best = candidates[0]
    confidence = min(best.score, 0.97)
    agreeing = {(one.number, one.start) for one in candidates if _same(one.value, best.value)}
    confidence += 0.02 * min(2, len(agreeing) - 1)
    rivals = [one for one in candidates if not _same(one.value, best.value)]
    if rivals and not each.many and best.score - rivals[0].score < _CLOSE:
        confidence -= 0.25 * (1 - (best.score - rivals[0].score) / _CLOSE) + 0.1
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
