"""Currencies: ISO 4217 codes, and the signs and words that stand for them."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

from ai_catalyst.pdf.values.hit import Hit, Locale

__all__ = ["CODE", "SIGN", "currencies", "currency_of", "of_country"]

_TABLE = tomllib.loads((files(__package__) / "currencies.toml").read_text("utf-8"))
_CODES = frozenset(_TABLE["codes"].split())
_WORDS = frozenset(_TABLE["words"].split())
_SIGNS: dict[str, str] = _TABLE["signs"]
_VARIANTS: dict[str, str] = _TABLE["variants"]
_BY_COUNTRY: dict[str, dict[str, str]] = _TABLE["by_country"]
_OF_COUNTRY = {
    country: code
    for code, countries in _TABLE["countries"].items()
    for country in countries.split()
}
_SPELT = (
    ("AUD", r"australian\s+dollars?"),
    ("CAD", r"canadian\s+dollars?"),
    ("USD", r"(?:US|U\.S\.|american)\s+dollars?"),
    ("GBP", r"pounds?\s+sterling|(?:GB|british)\s+pounds?"),
    ("CHF", r"schweizer\s+franken|francs?\s+suisses?|swiss\s+francs?"),
    ("EUR", r"euros?"),
)
_IN_WORDS = re.compile(
    "|".join(rf"\b(?P<{code}>{words})\b" for code, words in _SPELT), re.IGNORECASE
)


def _pattern_of(texts: set[str]) -> str:
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    return f"(?:{'|'.join(re.escape(text) for text in longest_first)})"


SIGN = _pattern_of({*_SIGNS, *_VARIANTS})
"""A pattern for a currency's sign."""

CODE = _pattern_of({*_CODES} - _WORDS)
"""A pattern for a currency's code."""

_ALL = re.compile(
    rf"(?<![^\W\d_])(?:{CODE}|{SIGN})(?![^\W\d_])"
    rf"|(?<![^\W\d_]){_pattern_of({*_WORDS})}(?=\s?\d)"
)


@lru_cache(maxsize=1024)
def currency_of(sign: str, locale: Locale) -> str | None:
    """Return the code of a sign, code or word, None when it is none.

    A ``$`` is a US dollar unless the document comes from elsewhere; ``kr`` goes by its language.
    """
    sign = sign.strip()
    if sign.upper() in _CODES:
        return sign.upper()
    group = _VARIANTS.get(sign)
    if group is None:
        return _SIGNS.get(sign)
    spoken = _TABLE["speakers"].get(locale.languages[0], "") if locale.languages else ""
    by_country = _BY_COUNTRY[group]
    return by_country.get(locale.country) or by_country.get(spoken) or by_country["any"]


def currencies(text: str, locale: Locale) -> list[Hit]:
    """Return the currencies named in a text, in order; a ``$`` or ``kr`` is less sure."""
    found = []
    for match in _ALL.finditer(text):
        code = currency_of(match[0], locale)
        if code:
            found.append(Hit(*match.span(), code, 0.8 if match[0] in _VARIANTS else 1.0))
    spelt = (Hit(*match.span(), match.lastgroup, 0.9) for match in _IN_WORDS.finditer(text))
    return sorted({*found, *spelt})


def of_country(country: str) -> str | None:
    """Return the currency of a country (ISO 3166), None for those not listed."""
    return _OF_COUNTRY.get(country.upper())
