"""Who sent an invoice and who is to pay it: by labels, legal forms, addresses and domains."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from ai_catalyst.pdf.rules.addresses import addresses, high, nameable
from ai_catalyst.pdf.rules.candidates import Candidate, by_label
from ai_catalyst.pdf.rules.document import Reading
from ai_catalyst.pdf.rules.grid import Row
from ai_catalyst.pdf.rules.labels import compact
from ai_catalyst.pdf.rules.names import LEGAL, companies, domain_stems, postal

__all__ = ["Parties", "parties", "plain_company"]

_BANK = re.compile(
    r"\b(?:bank|sparkasse|kreissparkasse|volksbank|banque|banco|banca|caixa|cassa|crédit|credit|"
    r"commerzbank|postbank|raiffeisen\w*|bnp|paypal)\b",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"^(?:postbus|p\.?\s?o\.?\s?box|postfach|b\.?p\.?|apartado)\s+\d|"
    r"^\d+\w?\s+[A-ZÀ-Ž]|[a-zà-žß.]\s+\d+\s?[a-zA-Z]?(?:/\d+)?$|,\s*\d+",
    re.IGNORECASE,
)
_PREFIX = re.compile(
    r"^(?:att[n.]?:?|attention:?|z\.?\s?hd\.?|c/o|company:?|firma:?|name:?|to:?|m/s\.?|messrs\.?|"
    r"spett\.?(?:le)?|exmo\.?\(?s?\)?\s?sr?\.?\(?s?\)?|société:?|razón social:?|nazwa:?|"
    r"denominazione:?)"
    r"\s*[:.]?\s+",
    re.IGNORECASE,
)
_OTHERS = ("customer", "customer_vat_id")
_BLOCK_ROWS = 9
_NAME_LINE = re.compile(
    r"(?:denominazione|ragione sociale|raison sociale|razón social|nazwa|firma|company|name|nom)"
    r"\s*:\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Parties:
    """Candidates for either side, best first, and which cells belong to the customer."""

    issuer: list[Candidate]
    customer: list[Candidate]
    theirs: frozenset[tuple[int, int]]
    """(row number, cell start) of the customer's block."""


def plain_company(name: str) -> str:
    """Return a name's letters without its legal form, to compare by."""
    return compact(LEGAL.sub(" ", name + " "))[0]


def parties(reading: Reading) -> Parties:
    """Tell the two sides of an invoice apart."""
    labelled = [_cleaned(each) for each in by_label(reading, "customer", "text")]
    labelled = [each for each in labelled if _is_name(str(each.value))]
    labelled += _denominated(reading, "customer")
    theirs = frozenset(_customer_cells(reading))
    stems = Counter(stem for row in reading.rows for stem in set(domain_stems(row.text)))
    letters = [compact(row.text)[0] for row in reading.rows]
    addressed = [_less_own(each, letters, stems) for each in _addressed(reading, theirs, labelled)]
    if any(each.score >= 0.5 for each in labelled):
        addressed = [each._replace(score=min(each.score, 0.4)) for each in addressed]
    customer = sorted([*labelled, *_second(reading, addressed)], key=lambda one: -one.score)
    payer = plain_company(str(customer[0].value)) if customer and customer[0].score > 0.5 else ""
    issuer = _joined([_judged(reading, each, theirs, stems, payer) for each in _named(reading)])
    if not labelled and issuer:
        same = plain_company(str(issuer[0].value))
        customer = [each for each in customer if plain_company(str(each.value)) != same]
    return Parties(issuer, customer, theirs)


def _is_name(text: str) -> bool:
    return nameable(text) and not _STREET.search(text) and not text.startswith("(")


def _denominated(reading: Reading, concept: str) -> list[Candidate]:
    """Return names that a block of labelled lines gives: ``Denominazione: VERDI SPA``."""
    found = []
    for number, label in reading.labelled(concept):
        left, right = label.row.span(label.start, label.end)
        for other in list(reading.below(number, 9))[:6]:
            row = reading.rows[other]
            for cell in row.cells:
                match = _NAME_LINE.match(row.text[cell.start : cell.end])
                if match and cell.left < right + 2 and left - 2 < cell.right:
                    start = cell.start + match.end()
                    value = row.text[start : cell.end]
                    found.append(Candidate(value, row, start, cell.end, 0.9, "label", other))
    return found


def _second(reading: Reading, addressed: list[Candidate]) -> list[Candidate]:
    """Prefer the later of two addresses at the top: the sender's comes first."""
    upper = [each for each in addressed if high(reading, each.number) and each.score > 0.5]
    names = {plain_company(str(each.value)) for each in upper}
    if len(names) < 2:
        return addressed
    first = min(upper, key=lambda each: (each.number, each.start))
    return [each._replace(score=each.score - 0.2) if each is first else each for each in addressed]


def _less_own(each: Candidate, letters: list[str], stems: Counter[str]) -> Candidate:
    """Take off from a buyer what makes a seller: its name comes again, or mail comes from it."""
    plain = plain_company(str(each.value))
    if len(plain) < 3:
        return each._replace(score=0.0)
    again = sum(plain in row for row in letters) > 1
    related = any(_related(plain, stem) for stem in stems)
    return each._replace(score=each.score - 0.3 * again - 0.3 * related)


def _cleaned(each: Candidate) -> Candidate:
    text = str(each.value)
    match = _PREFIX.match(text)
    cut = match.end() if match else 0
    value = text[cut:].strip(" ,;:")
    if "," in value and postal(value):
        value = value.partition(",")[0]
    return each._replace(value=value, start=each.start + cut, end=each.start + cut + len(value))


# The customer's side.


def _customer_cells(reading: Reading) -> Iterator[tuple[int, int]]:
    """Yield the cells under and beside a customer's or a recipient's label, as far as they go."""
    for concept in _OTHERS:
        for number, label in reading.labelled(concept):
            if not label.leads or (label.weak and ":" not in label.row.text[label.end :][:2]):
                continue
            left, right = label.row.span(label.start, label.end)
            yield number, label.row.cell_at(label.start).start
            last = label.row.bottom
            for other in list(reading.below(number, 14))[:_BLOCK_ROWS]:
                row = reading.rows[other]
                cells = [
                    cell for cell in row.cells if cell.left < right + 2 and left - 2 < cell.right
                ]
                if not cells:
                    continue
                if row.top - last > 2.2 or other in reading.headers:
                    break
                last = row.bottom
                for cell in cells:
                    yield other, cell.start


def _addressed(
    reading: Reading, theirs: frozenset[tuple[int, int]], labelled: list[Candidate]
) -> Iterator[Candidate]:
    """Yield the first lines of addresses that hold nothing of a seller's."""
    for number, cell, own in addresses(reading):
        if (number, cell.start) in theirs and labelled:
            continue
        row = reading.rows[number]
        score = (0.35 if own else 0.6) + (0.1 if high(reading, number) else -0.2)
        value = row.text[cell.start : cell.end].strip(" ,;")
        if nameable(value) and not _STREET.search(value):
            candidate = Candidate(
                value, row, cell.start, cell.start + len(value), score, "address", number
            )
            yield _cleaned(candidate)


# The issuer's side.


def _named(reading: Reading) -> Iterator[Candidate]:
    yield from _denominated(reading, "issuer")
    for each in map(_cleaned, by_label(reading, "issuer", "text")):
        if _is_name(str(each.value)):
            yield _shortened(each._replace(score=min(each.score, 0.8)))
    for number, row in enumerate(reading.rows):
        for start, end in companies(row.text):
            value = row.text[start:end].strip(" ,")
            yield Candidate(value, row, start, start + len(value), 0.5, "company", number)
    for number, cell, own in addresses(reading):
        row = reading.rows[number]
        value = row.text[cell.start : cell.end].strip(" ,;")
        if _STREET.search(value) or not nameable(value):
            continue
        score = 0.5 if own else 0.25
        yield Candidate(value, row, cell.start, cell.start + len(value), score, "address", number)
    yield from _headings(reading)
    yield from _domains(reading)


def _shortened(each: Candidate) -> Candidate:
    """Cut a labelled name behind its legal form: the address may follow on the line."""
    for start, end in companies(str(each.value)):
        if start == 0:
            return each._replace(value=str(each.value)[:end], end=each.start + end)
    return each


def _headings(reading: Reading) -> Iterator[Candidate]:
    """Yield what stands large, or first, at the top of the first page."""
    heights = [_height(row) for row in reading.rows[:200]]
    usual = median(heights) if heights else 0.0
    rank = 0
    for number, row in enumerate(reading.rows[:8]):
        if row.page != reading.rows[0].page or number in reading.headers:
            break
        for cell in row.cells:
            text = row.text[cell.start : cell.end].strip(" ,;:")
            if any(cell.start <= hit.start < cell.end for hit in reading.labels[number]):
                continue
            if not nameable(text) or len(text.split()) > 6 or postal(text) or _STREET.search(text):
                continue
            large = usual > 0 and _height(row) > 1.25 * usual
            score = 0.5 - 0.06 * rank + (0.1 if large else 0.0)
            yield Candidate(text, row, cell.start, cell.start + len(text), score, "heading", number)
            rank += 1


def _height(row: Row) -> float:
    boxes = [token.box for token in row.tokens if token.box is not None]
    return median(box[3] - box[1] for box in boxes) if boxes else 0.0


def _domains(reading: Reading) -> Iterator[Candidate]:
    """Yield words that spell a domain of the document: ``Lumora`` for lumora.example."""
    stems = {stem for row in reading.rows for stem in domain_stems(row.text)}
    if not stems:
        return
    for number, row in enumerate(reading.rows):
        tokens = row.tokens[:60]
        for first in range(len(tokens)):
            joined = ""
            for last in range(first, min(first + 4, len(tokens))):
                word = row.text[tokens[last].start : tokens[last].end]
                if "@" in word or "www" in word or "." in word.strip("."):
                    break
                joined += compact(word)[0]
                if len(joined) >= 3 and any(_spells(joined, stem, word) for stem in stems):
                    start, end = tokens[first].start, tokens[last].end
                    value = row.text[start:end].strip(" ,;:.()'\"")
                    if value[:1].isupper() or value[:1].isdigit():
                        place = row.text.index(value, start)
                        yield Candidate(
                            value, row, place, place + len(value), 0.42, "domain", number
                        )


def _spells(joined: str, stem: str, word: str) -> bool:
    return (
        joined == stem
        or (len(joined) >= 5 and stem.startswith(joined))
        or (word.isupper() and len(joined) >= 3 and stem.startswith(joined))
    )


def _judged(
    reading: Reading,
    each: Candidate,
    theirs: frozenset[tuple[int, int]],
    stems: Counter[str],
    payer: str,
) -> Candidate:
    row = each.row
    if row is None:
        return each
    plain = plain_company(str(each.value))
    cell = row.cell_at(each.start)
    score = each.score
    score += 0.12 * (row.page == 1 and row.index < 8)
    score += 0.1 if any(_related(plain, stem) for stem in stems) else 0.0
    score += 0.1 * _beside_own(reading, each)
    if each.source != "company" and any(True for _ in companies(str(each.value) + " ")):
        score += 0.15
    if (each.number, cell.start) in theirs:
        score -= 0.5
    if plain and (plain == payer or (len(payer) > 4 and payer.startswith(plain))):
        score -= 0.45
    if _BANK.search(str(each.value)):
        score -= 0.35
    if len(row.text[cell.start : cell.end].split()) > 14:
        score -= 0.08
    return each._replace(score=score)


def _related(plain: str, stem: str) -> bool:
    return len(plain) >= 3 and (
        plain.startswith(stem) or (len(plain) >= 4 and stem.startswith(plain))
    )


def _beside_own(reading: Reading, each: Candidate) -> bool:
    """Whether a seller's number (VAT, IBAN, register) stands in the same column close by."""
    if each.row is None:
        return False
    left, right = each.row.span(each.start, each.end)
    for number in range(max(0, each.number - 1), min(each.number + 9, len(reading.rows))):
        row = reading.rows[number]
        if row.page != each.row.page:
            continue
        for hit in reading.labels[number]:
            if hit.concept not in ("vat_id", "iban", "company_number", "tax_id"):
                continue
            hit_left, hit_right = row.span(hit.start, hit.end)
            if hit_left < right + 4 and left - 4 < hit_right:
                return True
    return False


def _joined(candidates: list[Candidate]) -> list[Candidate]:
    """Join candidates that name the same: the fullest name stands, surer for each place."""
    groups: dict[str, list[Candidate]] = {}
    for each in candidates:
        plain = plain_company(str(each.value))
        if len(plain) >= 2:
            groups.setdefault(plain, []).append(each)
    for plain in sorted(groups, key=len):
        _absorb(groups, plain)
    joined = []
    for same in groups.values():
        best = max(same, key=lambda one: one.score)
        places = {(each.number, each.start // 4) for each in same}
        full = max(same, key=lambda one: (bool(LEGAL.search(str(one.value))), one.score))
        score = min(0.97, best.score + 0.06 * min(3, len(places) - 1))
        joined.append(full._replace(score=score))
    return sorted(joined, key=lambda one: -one.score)


def _absorb(groups: dict[str, list[Candidate]], plain: str) -> None:
    """Give a bare name's places to the company whose name begins with it: "Amazon" to its Inc."""
    if any(LEGAL.search(str(each.value)) for each in groups[plain]):
        return
    for other, same in groups.items():
        longer = len(other) > len(plain) >= 3 and other.startswith(plain)
        if longer and any(LEGAL.search(str(each.value)) for each in same):
            same.extend(groups.pop(plain))
            return
