"""A field's value as a cell: a line of text for CSV, a typed and harmless one for XLSX."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ai_catalyst.analysis.plain import clip, plain_text
from ai_catalyst.pdf.repository_values import plain

__all__ = ["is_table", "text_of", "typed"]

MOST_CHARACTERS = 32_767
"""Of one XLSX cell."""
_EXACT_DIGITS = 15
"""A spreadsheet's numbers are doubles: longer ones would silently change."""
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_FIRST_DAY = dt.date(1900, 3, 1)
"""Days before are counted wrongly by spreadsheets."""


def is_table(value: Any) -> bool:
    """Tell whether a value is rows of columns, as line items are."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(row, Mapping) for row in value)
    )


def text_of(value: Any) -> str:
    """Return a value as text: ISO dates, plain numbers, lists joined by `` | ``, else JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, list | tuple) and not any(
        isinstance(item, Mapping | list | tuple) for item in value
    ):
        return " | ".join(text_of(item).replace(" | ", " / ") for item in value)
    return json.dumps(plain(value), ensure_ascii=False)


def typed(value: Any) -> tuple[Any, str | None]:
    """Return a cell's value and its number format, None for text.

    Numbers, dates and booleans keep their type where a spreadsheet holds them exactly.
    """
    if isinstance(value, bool):
        return value, "General"
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None), "yyyy-mm-dd hh:mm"
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            value = dt.date.fromisoformat(value)
        except ValueError:
            return value, None
    if isinstance(value, dt.date):
        return (value, "yyyy-mm-dd") if value >= _FIRST_DAY else (value.isoformat(), None)
    return clip(plain_text(text_of(value)), MOST_CHARACTERS), None


def _number(value: float | Decimal) -> tuple[Any, str | None]:
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    if not exact.is_finite() or len(exact.as_tuple().digits) > _EXACT_DIGITS:
        return text_of(value), None
    exponent = exact.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    money = isinstance(value, Decimal) and 0 < places <= 10
    return value, f"0.{'0' * places}" if money else "General"
