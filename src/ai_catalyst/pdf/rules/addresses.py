"""Addresses: lines above a postal code in one column, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ai_catalyst.pdf.rules.document import Reading
from ai_catalyst.pdf.rules.grid import Cell
from ai_catalyst.pdf.rules.names import postal

__all__ = ["addresses", "high", "nameable"]

_ASIDE = 2.5
_SALUTATION = re.compile(
    r"(?:(?:an\s+)?(?:die\s+)?(?:herrn?|frau|familie|firma|fa\.)|m\.|mr\.?|mrs\.?|ms\.?|mme|madame|"
    r"monsieur|sig\.?(?:ra)?|spett\.?(?:\s?le)?|sr\.?a?\.?|d(?:ña)?\.|dhr\.?|mevr\.?|pan|pani|to|an)\s*:?",
    re.IGNORECASE,
)
_ATTENTION = re.compile(
    r"(?:t\.?\s?a\.?\s?v\.?|att[n.]|attention|z\.?\s?hd|à l['’]attention|a la atención|c/o)\b",
    re.IGNORECASE,
)
_OWN = ("vat_id", "iban", "bic", "tax_id", "company_number", "website", "email", "phone")


def nameable(text: str) -> bool:
    """Whether a text could be somebody's name: more letters than digits, and not long."""
    letters = sum(char.isalpha() for char in text)
    digits = sum(char.isdigit() for char in text)
    return letters >= 2 and letters > digits and len(text) <= 90 and "@" not in text


def high(reading: Reading, number: int) -> bool:
    """Whether a row stands where letters have their addresses."""
    return number < 20 and reading.rows[number].page == reading.rows[0].page


def addresses(reading: Reading) -> Iterator[tuple[int, Cell, bool]]:
    """Yield the first line of each address, and whether a seller's numbers stand in its block."""
    seen: set[tuple[int, int]] = set()
    for number, row in enumerate(reading.rows):
        for cell in row.cells:
            if not postal(row.text[cell.start : cell.end]):
                continue
            if len(row.text[cell.start : cell.end].split()) > 12:
                continue
            top, first = _named(reading, *_top(reading, number, cell), number)
            if (top, first.start) in seen or (top, first.start) == (number, cell.start):
                continue
            seen.add((top, first.start))
            yield top, first, _has_own(reading, top, number, first)


def _top(reading: Reading, number: int, cell: Cell) -> tuple[int, Cell]:
    """Climb from the line of the postal code to the first line of its block."""
    at, current = number, cell
    for _ in range(4):
        above = _above(reading, at, current)
        if above is None:
            break
        other, candidate = above
        text = reading.rows[other].text[candidate.start : candidate.end]
        labels = [
            hit
            for hit in reading.labels[other]
            if candidate.start <= hit.start <= candidate.start + 1 and not hit.weak
        ]
        address = nameable(text) or any(char.isdigit() for char in text)
        if _ATTENTION.match(text):
            labels = []
        if labels or not address or postal(text) or len(text.split()) > 9:
            break
        at, current = other, candidate
    if not nameable(reading.rows[at].text[current.start : current.end]):
        return number, cell
    return at, current


def _named(reading: Reading, top: int, first: Cell, bottom: int) -> tuple[int, Cell]:
    """Step down from a line that is a form of address alone: the name stands below it."""
    text = reading.rows[top].text[first.start : first.end]
    if not _SALUTATION.fullmatch(text):
        return top, first
    for number in range(top + 1, bottom):
        for cell in reading.rows[number].cells:
            if abs(cell.left - first.left) < _ASIDE:
                return number, cell
    return top, first


def _above(reading: Reading, number: int, cell: Cell) -> tuple[int, Cell] | None:
    row = reading.rows[number]
    for other in range(number - 1, max(-1, number - 6), -1):
        upper = reading.rows[other]
        if upper.page != row.page or row.top - upper.bottom > 1.3:
            return None
        for candidate in upper.cells:
            if abs(candidate.left - cell.left) < _ASIDE:
                return other, candidate
    return None


def _has_own(reading: Reading, top: int, bottom: int, first: Cell) -> bool:
    for number in range(top, min(bottom + 7, len(reading.rows))):
        row = reading.rows[number]
        for cell in row.cells:
            if abs(cell.left - first.left) > _ASIDE:
                continue
            text = row.text[cell.start : cell.end]
            if "@" in text or "www." in text:
                return True
            if any(
                hit.concept in _OWN and cell.start <= hit.start < cell.end
                for hit in reading.labels[number]
            ):
                return True
    return False
