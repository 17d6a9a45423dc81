"""The usual fields of an invoice that need more than a label: sums, parties, dates, currency."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import cached_property

from ai_catalyst.pdf.rules.candidates import Candidate, by_label, by_shape
from ai_catalyst.pdf.rules.document import Reading
from ai_catalyst.pdf.rules.labels import compact
from ai_catalyst.pdf.rules.money import SUMS, sums
from ai_catalyst.pdf.rules.parties import Parties, parties
from ai_catalyst.pdf.schema import Field
from ai_catalyst.pdf.values import Hit, of_country

__all__ = ["Usual"]

_TOP_ROWS = 40
_TOWN = re.compile(
    r"[A-ZÀ-Ž][\w'’/()-]*(?:[ -][\w'’/()-]+){0,3}"
    r"(?:,\s*(?:(?:den|le|the|il|lì|el|a|em|dnia|dn\.|de)\s+)?|\s+(?:den|dnia|le)\s+)"
)


class Usual:
    """One document's usual fields; what several of them need is worked out once."""

    def __init__(self, reading: Reading) -> None:
        """Take a document as read."""
        self.reading = reading

    def candidates(self, each: Field) -> list[Candidate] | None:
        """Return a field's candidates, None when it is none of these."""
        special = _SPECIAL.get(each.concept or "")
        return None if special is None else special(self, each)

    @cached_property
    def sums(self) -> dict[str, list[Candidate]]:
        """Total, net and tax, chosen together."""
        return sums(self.reading)

    @cached_property
    def parties(self) -> Parties:
        """Who sent it and who pays."""
        return parties(self.reading)

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
        labelled += self._dated()
        rank = 0
        for number, hit in self.reading.every("date"):
            if (number, hit.start) in claimed:
                continue
            row = self.reading.rows[number]
            score = 0.5 - 0.03 * min(rank, 5) - 0.15 * (number > 40 or row.page > 1)
            labelled.append(Candidate(hit.value, row, hit.start, hit.end, score, "place", number))
            rank += 1
        return labelled

    def _dated(self) -> list[Candidate]:
        """Return dates in a title (invoice 77 of 3 May 2024) and behind a town (Leeds, 3 May)."""
        reading = self.reading
        titled = [
            (number, hit)
            for number, label in reading.labelled("invoice_number")
            if label.leads
            for hit in reading.hits("date", number)
            if label.end < hit.start and hit.end <= label.row.cell_at(label.start).end
        ]
        behind = [
            (number, hit)
            for number, hit in reading.every("date")
            if number < _TOP_ROWS and _behind_town(reading, number, hit)
        ]
        return [
            Candidate(
                hit.value,
                reading.rows[number],
                hit.start,
                hit.end,
                0.88 * hit.sure,
                "label",
                number,
            )
            for number, hit in (*titled, *behind)
        ]

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


_SPECIAL: dict[str, Callable[[Usual, Field], list[Candidate]]] = {
    **dict.fromkeys(SUMS, Usual.sum_of),
    "issuer": Usual.issuer,
    "customer": Usual.customer,
    "date": Usual.date,
    "vat_id": Usual.vat,
    "customer_vat_id": Usual.vat,
    "currency": Usual.currency,
}


def _behind_town(reading: Reading, number: int, hit: Hit) -> bool:
    """Whether a cell is a town and a date, as letters have it: ``Leeds, 3 May 2024``."""
    row = reading.rows[number]
    cell = row.cell_at(hit.start)
    return hit.end >= cell.end - 1 and bool(_TOWN.fullmatch(row.text[cell.start : hit.start]))
