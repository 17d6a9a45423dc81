"""`Hit`: a typed value found in a line of text; `Locale`: how a document writes its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["Hit", "Locale"]


class Hit(NamedTuple):
    """A value and where it stands; ``sure`` is 0 to 1: how certain its shape makes it."""

    start: int
    end: int
    value: Any
    sure: float = 1.0
    note: str = ""
    """What else is known: an amount's currency, a VAT id's country."""


@dataclass(frozen=True, slots=True)
class Locale:
    """How a document writes: its languages, best first, decimal sign, order of dates, country."""

    languages: tuple[str, ...] = ()
    decimal: str = ""
    """``.`` or ``,``; empty when the document does not tell."""
    day_first: bool = True
    country: str = ""
    """ISO 3166 code of the likely country, empty when unknown."""
