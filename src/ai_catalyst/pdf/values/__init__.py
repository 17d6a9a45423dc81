"""Typed values in text: found anywhere in a line, and normalised to plain JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from ai_catalyst.pdf.values.amounts import (
    amounts,
    decimal_sign,
    number_of,
    parse_amount,
    percents,
)
from ai_catalyst.pdf.values.contacts import booleans, emails, phones, urls
from ai_catalyst.pdf.values.currency import currencies, currency_of, of_country
from ai_catalyst.pdf.values.dates import dates, day_first, parse_date
from ai_catalyst.pdf.values.hit import Hit, Locale
from ai_catalyst.pdf.values.numbers import bics, ibans, identifiers, tax_ids, vat_ids

__all__ = [
    "FINDERS",
    "Hit",
    "Locale",
    "currency_of",
    "day_first",
    "decimal_sign",
    "find",
    "normalised",
    "number_of",
    "of_country",
    "parse_amount",
    "parse_date",
]


def _texts(text: str, locale: Locale) -> list[Hit]:
    stripped = text.strip()
    if not stripped:
        return []
    start = text.index(stripped)
    return [Hit(start, start + len(stripped), stripped)]


def _integers(text: str, locale: Locale) -> list[Hit]:
    return [
        hit._replace(value=int(hit.value))
        for hit in amounts(text, locale)
        if float(hit.value).is_integer()
    ]


FINDERS: dict[str, Callable[[str, Locale], list[Hit]]] = {
    "text": _texts,
    "identifier": identifiers,
    "date": dates,
    "amount": amounts,
    "number": amounts,
    "integer": _integers,
    "percent": percents,
    "currency": currencies,
    "iban": ibans,
    "bic": bics,
    "vat_id": vat_ids,
    "tax_id": tax_ids,
    "email": emails,
    "phone": phones,
    "url": urls,
    "boolean": booleans,
}


def find(kind: str, text: str, locale: Locale) -> list[Hit]:
    """Return the values of a type in a text, in order; raises `KeyError` for an unknown type."""
    return FINDERS[kind](text, locale)


def normalised(kind: str, given: Any, locale: Locale) -> Any:
    """Return a value (a text, or what a model or a pattern gave) as its type's; None if it is not.

    Where a text holds more than one, the surest, then the first counts. Types without check digits
    (text, identifiers, tax ids) are returned as written.
    """
    if given is None or kind in ("text", "identifier", "items"):
        return given if given is None or not isinstance(given, str) else given.strip() or None
    if isinstance(given, bool):
        return given if kind == "boolean" else None
    if isinstance(given, (int, float)):
        return _from_number(kind, given)
    if isinstance(given, (dt.date, dt.datetime)):
        return given.isoformat()[:10] if kind == "date" else str(given)
    return _from_text(kind, str(given), locale)


def _from_number(kind: str, given: float) -> Any:
    if kind in ("amount", "number", "percent"):
        return float(given)
    if kind == "integer":
        return int(given) if float(given).is_integer() else None
    if kind == "boolean":
        return bool(given) if given in (0, 1) else None
    return str(given)


def _from_text(kind: str, text: str, locale: Locale) -> Any:
    if kind == "date":
        return parse_date(text, locale)
    if kind == "percent" and "%" not in text:
        return parse_amount(text, locale)
    if kind == "currency":
        code = currency_of(text, locale)
        if code:
            return code
    if kind in ("amount", "number", "integer") and not locale.decimal:
        locale = Locale(locale.languages, decimal_sign(text), locale.day_first, locale.country)
    found = FINDERS[kind](text, locale)
    if found:
        return max(found, key=lambda hit: hit.sure).value
    return text.strip() or None if kind in ("tax_id", "vat_id", "phone") else None
