"""Values as people see and type them, and back to what they were."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from ai_catalyst.pdf.export_cells import is_table, text_of

__all__ = ["shown", "typed_like"]


def shown(value: Any, kind: str = "") -> str:
    """Return a value as a cell shows it; an ``amount`` has its two places."""
    if kind == "amount" and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.2f}"
    return text_of(value)


def typed_like(text: str | None, before: Any) -> Any:
    """Return what somebody typed, of the kind that was there before where it can be; else text."""
    if text is None or not text.strip():
        return None
    text = text.strip()
    try:
        if isinstance(before, bool):
            return {"true": True, "false": False}.get(text.lower(), text)
        if isinstance(before, int | float | Decimal):
            return _number(text, before)
        if isinstance(before, dt.date) and not isinstance(before, dt.datetime):
            return dt.date.fromisoformat(text)
        if is_table(before) or isinstance(before, dict):
            return json.loads(text)
        if isinstance(before, list | tuple):
            return [part.strip() for part in text.split("|")]
    except (ValueError, InvalidOperation):
        return text
    return text


def _number(text: str, before: float | Decimal) -> Any:
    """Read ``1234.5``, ``1.234,50`` and ``1,234.50``: the last sign is the point."""
    plain = text.replace(" ", "").replace("\u00a0", "").replace("'", "").replace("’", "")
    if "," in plain and (plain.rfind(",") > plain.rfind(".")) and plain.count(",") == 1:
        plain = plain.replace(".", "").replace(",", ".")
    else:
        plain = plain.replace(",", "")
    exact = Decimal(plain)
    if isinstance(before, Decimal):
        return exact
    if isinstance(before, int) and exact == exact.to_integral_value():
        return int(exact)
    return float(exact)
