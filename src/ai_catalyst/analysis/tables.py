"""Tables told in figures: how many rows, which columns, what ranges and values they hold.

A table has no sentences to choose from; counting it is the honest summary.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ai_catalyst.analysis.plain import clip

__all__ = ["Table", "describe", "read_table"]

_ROWS = 1_000
_SHOWN_COLUMNS = 12
_POINTS = 6
_MORE = re.compile(r"… and (\d+) more rows")
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,10})?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?")
_PRIVATE = re.compile(
    r"mail|phone|tel|mobile|fax|address|adresse|street|iban|account|konto|card|ssn|passw|token",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Table:
    """The first rows of a table as text, and how many rows there are in all."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int


def read_table(text: str) -> Table | None:
    """Return the table that `text` is, ``a | b`` line by line under a header, else None."""
    lines = [line for line in text[:500_000].split("\n") if line.strip()]
    header = _cells(lines[0]) if lines else ()
    if len(lines) < 3 or len(header) < 2:
        return None
    more = _MORE.fullmatch(lines[-1].strip())
    body = lines[1:-1] if more else lines[1:]
    rows = [cells for cells in map(_cells, body[:_ROWS]) if not _is_rule(cells)]
    fitting = tuple(row for row in rows if len(row) == len(header))
    if len(fitting) * 10 < len(rows) * 9 or len(fitting) < 2:
        return None
    return Table(header, fitting, len(rows) + (int(more.group(1)) if more else 0))


def _cells(line: str) -> tuple[str, ...]:
    stripped = line.strip()
    if stripped.startswith("|") and stripped.endswith("|"):
        stripped = stripped[1:-1]
    elif "|" not in stripped:
        return ()
    return tuple(cell.strip() for cell in stripped.split("|"))


def _is_rule(cells: Sequence[str]) -> bool:
    return all(set(cell) <= set("-: ") for cell in cells)


def describe(table: Table) -> tuple[str, list[str], list[str]]:
    """Return summary, key points and topics: the size, the columns, and what is in them."""
    named = [name for name in table.columns if name]
    shown = ", ".join(clip(name, 40) for name in named[:_SHOWN_COLUMNS])
    if len(named) > _SHOWN_COLUMNS:
        shown += ", …"
    summary = f"A table of {table.total:,} rows and {len(table.columns)} columns: {shown}."
    points: list[str] = []
    topics: list[str] = []
    for place, name in enumerate(table.columns):
        values = [row[place] for row in table.rows if row[place]]
        if not name or not values or _PRIVATE.search(name):
            continue
        point, frequent = _column(clip(name, 60), values)
        topics += frequent
        if point and len(points) < _POINTS:
            points.append(point)
    return summary, points, topics[:_POINTS]


def _column(name: str, values: Sequence[str]) -> tuple[str, list[str]]:
    """Return what a column holds, in words, and its frequent values."""
    if _mostly(_DATE, values):
        days = sorted(value[:10] for value in values if _DATE.fullmatch(value))
        return f"{name}: from {days[0]} to {days[-1]}.", []
    if _mostly(_NUMBER, values):
        return _figures(name, values), []
    counts = Counter(values)
    if len(counts) == len(values) or len(counts) > max(12, len(values) // 3):
        return "", []
    top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:3]
    told = ", ".join(f"{clip(value, 60)} ({number:,})" for value, number in top)
    ending = "" if len(counts) == len(top) else f", and {len(counts) - len(top):,} more"
    return f"{name}: {told}{ending}.", [clip(value, 60) for value, _ in top]


def _mostly(pattern: re.Pattern[str], values: Sequence[str]) -> bool:
    return sum(pattern.fullmatch(value) is not None for value in values) * 10 >= len(values) * 8


def _figures(name: str, values: Sequence[str]) -> str:
    numbers = [
        (float(value.replace(",", ".")), value) for value in values if _NUMBER.fullmatch(value)
    ]
    low, high = min(numbers), max(numbers)
    if low[0] == high[0]:
        return f"{name}: always {low[1]}."
    return f"{name}: from {low[1]} to {high[1]}, {len(numbers):,} values."
