"""Line items: rows under a heading of columns, told apart by where they stand across the page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ai_catalyst.pdf.rules.document import Reading
from ai_catalyst.pdf.rules.grid import Row
from ai_catalyst.pdf.rules.labels import LabelHit
from ai_catalyst.pdf.schema import Field
from ai_catalyst.pdf.values import normalised
from ai_catalyst.pdf.vocabulary import plain_name

__all__ = ["Found", "line_items"]

_TYPES = {
    "quantity": "number",
    "unit_price": "amount",
    "total": "amount",
    "net": "amount",
    "tax": "amount",
    "tax_rate": "percent",
    "discount": "number",
}
_NAMES = {
    "description": "name desc text item article product title service details label designation",
    "quantity": "qty count units hours menge anzahl",
    "unit_price": "price price_unit rate unit_cost cost price_each single_price",
    "total": "amount price_total price_subtotal line_total sum value total_price gross subtotal",
    "net": "net_amount net_total",
    "tax_rate": "line_tax_percent vat vat_rate tax_percent vat_percent tax",
    "tax": "line_tax_amount vat_amount tax_amount",
    "position": "pos line no number line_number",
    "article_number": "code sku item_number product_code part_number barcode article_no",
    "unit": "uom",
    "discount": "rebate",
}
_CONCEPTS = {
    name: concept for concept, others in _NAMES.items() for name in (concept, *others.split())
}
_MONEY = ("total", "unit_price", "net")
_ENDS = frozenset({"total", "net", "tax", "paid", "due_date", "payment_terms", "iban", "shipping"})
_APART = 5.0  # lines without an item that end the table
_MOST_ITEMS = 5_000


class Column(NamedTuple):
    """What a column holds, and where it stands."""

    concept: str
    left: float
    right: float


@dataclass(slots=True)
class Item:
    """One item being read: words by column, and its rows."""

    words: dict[str, list[str]] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Found:
    """The items of a document, and the numbers of the rows they stand in."""

    items: list[dict[str, Any]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)


def line_items(reading: Reading, wanted: Sequence[Field] = ()) -> Found:
    """Return the line items of a document; each is a mapping of the wanted columns.

    Without ``wanted`` the columns found are given under their usual names: ``position,
    description, article_number, quantity, unit, unit_price, discount, tax_rate, tax, net, total``.
    """
    found = Found()
    past = -1
    for number in sorted(reading.headers):
        if number <= past:
            continue
        columns, first = _columns(reading, number)
        for item in _items(reading, columns, first):
            past = max(past, item.rows[-1])
            values = _values(reading, item, columns)
            if values and len(found.items) < _MOST_ITEMS:
                found.items.append(_as_wanted(values, wanted))
                found.rows.extend(item.rows)
    return found


def _columns(reading: Reading, number: int) -> tuple[list[Column], int]:
    """Return the columns of a heading, and the number of the first row below it."""
    row = reading.rows[number]
    columns = [_column(row, hit) for hit in _single(reading.headers[number])]
    totals = [place for place, column in enumerate(columns) if column.concept == "total"]
    for place in totals[:-1]:
        columns[place] = columns[place]._replace(concept="net")
    below = number + 1
    while below < len(reading.rows) and _continues(reading, number, below):
        below += 1
    return _unique(columns), below


def _single(hits: list[LabelHit]) -> Iterator[LabelHit]:
    """Yield one meaning for each heading: words that may head two columns head the free one."""
    by_place: dict[int, list[LabelHit]] = {}
    for hit in hits:
        by_place.setdefault(hit.start, []).append(hit)
    certain = {same[0].concept for same in by_place.values() if len(same) == 1}
    for same in by_place.values():
        free = [hit for hit in same if hit.concept not in certain]
        chosen = (free or same)[0]
        certain.add(chosen.concept)
        yield chosen


def _column(row: Row, hit: LabelHit) -> Column:
    left, right = row.span(hit.start, hit.end)
    cell = row.cell_at(hit.start)
    others = [token for token in row.tokens if cell.start <= token.start < cell.end]
    if len(others) > 1 and hit.leads and hit.end >= cell.end - 4:
        left, right = min(left, cell.left), max(right, cell.right)
    return Column(hit.concept, left, right)


def _unique(columns: list[Column]) -> list[Column]:
    seen: dict[str, Column] = {}
    for column in columns:
        if column.concept not in seen:
            seen[column.concept] = column
    return sorted(seen.values(), key=lambda column: column.left)


def _continues(reading: Reading, header: int, number: int) -> bool:
    """Whether a row is a second line of the heading: close below it, and without a figure."""
    row, above = reading.rows[number], reading.rows[number - 1]
    if row.page != above.page or row.top - above.bottom > 0.6 or number - header > 2:
        return False
    return not any(char.isdigit() for char in row.text) and len(row.cells) > 1


def _items(reading: Reading, columns: list[Column], first: int) -> Iterator[Item]:
    item: Item | None = None
    pending: list[tuple[int, dict[str, list[str]]]] = []
    last = reading.rows[first].top if first < len(reading.rows) else 0.0
    page = reading.rows[first - 1].page
    for number in range(first, len(reading.rows)):
        row = reading.rows[number]
        if row.page != page or number in reading.headers or row.top - last > _APART:
            break
        words = _assigned(row, columns)
        if _ends(reading, number, words):
            break
        if _is_item(words):
            if item is not None:
                yield item
            item = _begun(number, words, pending)
            pending, last = [], row.bottom
        elif item is None:
            pending.append((number, words))
            last = row.bottom
        elif set(words) <= {"description", "article_number", "position"} and row.top - last < 2.5:
            item.words.setdefault("description", []).append(_line(words))
            item.rows.append(number)
            last = row.bottom
    if item is not None:
        yield item


def _begun(
    number: int, words: dict[str, list[str]], pending: list[tuple[int, dict[str, list[str]]]]
) -> Item:
    item = Item({key: [" ".join(value)] for key, value in words.items()}, [number])
    if "description" not in words and pending:
        before, described = pending[-1]
        for key, value in described.items():
            item.words.setdefault(key, [" ".join(value)])
        item.rows.insert(0, before)
    return item


def _line(words: dict[str, list[str]]) -> str:
    return " ".join(word for part in words.values() for word in part)


def _ends(reading: Reading, number: int, words: dict[str, list[str]]) -> bool:
    """Whether the sums begin here: a sum's label with an amount, or the way to pay.

    A label within a full row is a word of that row: its tax, for one.
    """
    labels = [hit for hit in reading.labels[number] if hit.leads and hit.concept in _ENDS]
    if not labels:
        return False
    if labels[0].start > reading.rows[number].cells[0].start + 1 and len(words) > 2:
        return False
    if len({hit.concept for hit in labels} & {"total", "net", "tax"}) > 1:
        return True
    first = labels[0]
    return first.concept not in ("total", "net", "tax", "shipping") or any(
        hit.end > first.end for hit in reading.hits("amount", number)
    )


def _is_item(words: dict[str, list[str]]) -> bool:
    money = [key for key in _MONEY if key in words]
    return bool(money) and any(re.search(r"\d", " ".join(words[key])) for key in money)


def _assigned(row: Row, columns: Sequence[Column]) -> dict[str, list[str]]:
    """Return a row's words by column; a cell under several headings is taken word by word."""
    words: dict[str, list[str]] = {}
    for cell in row.cells:
        under = [column for column in columns if _overlap(column, cell.left, cell.right) > 0]
        tokens = [token for token in row.tokens if cell.start <= token.start < cell.end]
        if len(under) <= 1:
            concept = (under[0] if under else _nearest(columns, cell.left, cell.right)).concept
            text = row.text[cell.start : cell.end]
            words.setdefault(_fitting(concept, text), []).append(text)
            continue
        for token in tokens:
            column = _nearest(columns, token.left, token.right)
            text = row.text[token.start : token.end]
            words.setdefault(_fitting(column.concept, text), []).append(text)
    return words


def _overlap(column: Column, left: float, right: float) -> float:
    return min(column.right, right) - max(column.left, left)


def _nearest(columns: Sequence[Column], left: float, right: float) -> Column:
    def distance(column: Column) -> tuple[float, float]:
        gap = max(0.0, -_overlap(column, left, right))
        if column.concept == "description" and left >= column.left:
            gap *= 0.5
        return gap, abs((column.left + column.right) - (left + right))

    return min(columns, key=distance)


def _fitting(concept: str, text: str) -> str:
    """Return the column, unless it counts and the words do not."""
    if concept in _TYPES and not re.search(r"\d", text):
        return "description" if sum(map(str.isalpha, text)) > 3 else concept
    return concept


def _values(reading: Reading, item: Item, columns: Sequence[Column]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in columns:
        parts = item.words.get(column.concept)
        if not parts:
            continue
        text = ("\n" if column.concept == "description" else " ").join(parts)
        kind = _TYPES.get(column.concept)
        value = normalised(kind, text, reading.locale) if kind else text
        if value is not None:
            values[column.concept] = value
    described = item.words.get("description")
    if described and "description" not in values:
        values["description"] = "\n".join(described)
    return values


def _as_wanted(values: dict[str, Any], wanted: Sequence[Field]) -> dict[str, Any]:
    if not wanted:
        return values
    taken: dict[str, Any] = {}
    for each in wanted:
        concept = _CONCEPTS.get(plain_name(each.name))
        value = values.get(concept) if concept else None
        if value is None and concept == "total":
            value = values.get("net")
        taken[each.name] = _typed(value, each.type)
    return taken


def _typed(value: Any, kind: str) -> Any:
    if value is None or kind in ("text", "identifier"):
        return None if value is None else str(value)
    return int(value) if kind == "integer" and isinstance(value, float) else value
