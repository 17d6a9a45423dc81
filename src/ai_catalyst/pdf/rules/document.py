"""`Reading`: a document as rules see it: rows, labels, and how it writes its values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ai_catalyst.pdf.model import PageText
from ai_catalyst.pdf.rules.grid import Row, rows_of
from ai_catalyst.pdf.rules.labels import LabelBook, LabelHit, item_book
from ai_catalyst.pdf.values import Hit, Locale, day_first, decimal_sign, find

__all__ = ["Reading", "locale_of"]

_AMERICAN = re.compile(r"\$|\bUSD\b|\b[A-Z]{2},? \d{5}(?:-\d{4})?\b")
_COUNTRIES = (
    ("AU", re.compile(r"\bABN\b|\bAustralia\b")),
    ("CA", re.compile(r"\bHST\b|\bCanada\b")),
    ("NZ", re.compile(r"\bNew Zealand\b")),
    ("SG", re.compile(r"\bSingapore\b")),
    ("IN", re.compile(r"\bGSTIN\b|\bIndia\b")),
)
_SAMPLE = 60_000
_MOST_ROWS = 6_000
_FAR = 10_000.0
_HEADER = frozenset({"description", "quantity", "unit_price"})


@dataclass
class Reading:
    """Rows of all pages with the labels found in each; values are looked up once a row."""

    rows: list[Row]
    labels: list[list[LabelHit]]
    locale: Locale
    forms: list[tuple[int, str, str]] = field(default_factory=list)
    _hits: dict[tuple[str, int], list[Hit]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, pages: Sequence[PageText], book: LabelBook, locale: Locale | None = None
    ) -> Reading:
        """Read pages; beyond some thousand rows, the last ones are kept and the middle left out."""
        rows = [row for page in pages for row in _rows_with_notes(page)]
        if len(rows) > _MOST_ROWS:
            rows = [*rows[: _MOST_ROWS // 2], *rows[-_MOST_ROWS // 2 :]]
        labels = [book.find(row) for row in rows]
        forms = [(page.number, name, value) for page in pages for name, value in page.fields]
        return cls(rows, labels, locale or locale_of(rows, labels), forms)

    def hits(self, kind: str, number: int) -> list[Hit]:
        """Return the values of a type in a row, by the row's number among all."""
        key = (kind, number)
        if key not in self._hits:
            self._hits[key] = find(kind, self.rows[number].text, self.locale)
        return self._hits[key]

    def every(self, kind: str) -> Iterator[tuple[int, Hit]]:
        """Yield every value of a type, with the number of its row."""
        for number in range(len(self.rows)):
            for hit in self.hits(kind, number):
                yield number, hit

    def labelled(self, concept: str) -> Iterator[tuple[int, LabelHit]]:
        """Yield the labels of a field with the number of their row."""
        for number, hits in enumerate(self.labels):
            for hit in hits:
                if hit.concept == concept:
                    yield number, hit

    def below(self, number: int, lines: float) -> Iterator[int]:
        """Yield the numbers of the rows within so many lines below a row, on its page."""
        row = self.rows[number]
        for other in range(number + 1, len(self.rows)):
            candidate = self.rows[other]
            if candidate.page != row.page or candidate.top - row.bottom > lines:
                return
            if candidate.top >= row.top:
                yield other

    @cached_property
    def headers(self) -> dict[int, list[LabelHit]]:
        """Rows that head a table of line items, with the labels of their columns."""
        book = item_book()
        found = {}
        for number, row in enumerate(self.rows):
            if len(row.tokens) > 40 or sum(char.isdigit() for char in row.text) > 4:
                continue
            hits = book.find(row)
            kinds = {hit.concept for hit in hits}
            if len(kinds) >= 3 and len(kinds & _HEADER) >= (1 if len(kinds) > 3 else 2):
                found[number] = hits
        return found

    def heads_items(self, number: int) -> bool:
        """Whether a row heads a table of line items, be it as the second line of its heading."""
        return any(
            above in self.headers and self.rows[number].top - self.rows[above].bottom < 2
            for above in range(max(0, number - 2), number + 1)
        )


def _rows_with_notes(page: PageText) -> list[Row]:
    """Return a page's rows, then form values and notes that its text does not hold, far below."""
    rows = rows_of(page)
    more = [f"{name}: {value}" for name, value in page.fields if value not in page.text]
    more += [note for note in page.notes if note not in page.text]
    if more:
        extra = rows_of(PageText(page.number, "", "\n".join(more)))
        rows += [
            replace(row, index=len(rows) + at, top=row.top + _FAR, bottom=row.bottom + _FAR)
            for at, row in enumerate(extra)
        ]
    return rows


def locale_of(rows: Sequence[Row], labels: Iterable[Sequence[LabelHit]]) -> Locale:
    """Return how a document writes: languages by its labels, signs and orders by its values."""
    votes: dict[str, float] = {}
    for hits in labels:
        for hit in hits:
            for language in hit.languages:
                share = (1 if hit.leads else 0.3) / len(hit.languages)
                votes[language] = votes.get(language, 0.0) + share
    languages = tuple(sorted(votes, key=lambda language: -votes[language]))
    text = "\n".join(row.text for row in rows)[:_SAMPLE]
    first = day_first(text)
    if first is None:
        first = not (languages[:1] in ((), ("en",)) and bool(_AMERICAN.search(text)))
    country = next((code for code, pattern in _COUNTRIES if pattern.search(text)), "")
    return Locale(languages, decimal_sign(text), first, country)
