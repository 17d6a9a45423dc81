"""Field values as JSON text and back, with their types: dates and exact amounts survive."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from ai_catalyst.store.packing import clean

__all__ = ["dump", "load", "plain"]


_MAKE: Mapping[str, Callable[[str], Any]] = {
    "$decimal": Decimal,
    "$datetime": dt.datetime.fromisoformat,
    "$date": dt.date.fromisoformat,
}


def dump(value: Any) -> str:
    """Return a value as one JSON text; what JSON has no word for is tagged, or else its ``str``."""
    return json.dumps(_tagged(value), ensure_ascii=False, separators=(",", ":"))


def load(text: str) -> Any:
    """Return the value that `dump` wrote."""
    return json.loads(text, object_hook=_untagged)


def plain(value: Any) -> Any:
    """Return a value as people's JSON has it: dates as ISO 8601, amounts as numbers."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _tagged(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return value if value - value == 0 else str(value)  # JSON knows no NaN and no infinity
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, dt.datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, dt.date):
        return {"$date": value.isoformat()}
    if isinstance(value, Mapping):
        return {clean(str(key)): _tagged(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_tagged(item) for item in value]
    return clean(str(value))


def _untagged(found: dict[str, Any]) -> Any:
    if len(found) != 1:
        return found
    ((tag, value),) = found.items()
    if not isinstance(value, str):
        return found
    make = _MAKE.get(tag)
    if make is None:
        return found
    try:
        return make(value)
    except (ValueError, ArithmeticError):  # a document's own word that looks like a tag
        return found
