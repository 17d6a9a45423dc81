"""Dates as documents write them: any order, months in sixteen languages, made ISO 8601."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

from ai_catalyst.pdf.values.hit import Hit, Locale

__all__ = ["dates", "day_first", "parse_date"]

_SPACE = r"[ \u00a0\u202f]"
_NUMERIC = re.compile(
    rf"(?<![\d.,/])(\d{{1,4}}){_SPACE}?([./-]){_SPACE}?(\d{{1,2}}){_SPACE}?\2{_SPACE}?"
    r"(\d{4}|\d{2})(?!\d|\2\d)"
)
_SPACED = re.compile(rf"(?<![\d.,/-])(\d{{1,2}}){_SPACE}(\d{{1,2}}){_SPACE}((?:19|20)\d\d)(?!\d)")
_WORD = r"[^\W\d_]{3,}"
_GAP = rf"(?:{_SPACE}?[-./]{_SPACE}?|{_SPACE})?"  # never two spaces: they part columns
_DAY_MONTH = re.compile(
    rf"(?<![\d.,/])(?<!\w-)(\d{{1,2}})(?:st|nd|rd|th|er|[.ºª°])?{_GAP}(?:(?:de|of|di){_SPACE}+|d['’]{_SPACE}*)?"
    rf"({_WORD})\.?,?{_GAP}(?:(?:de|del|of){_SPACE}+)?(\d{{4}}|['’]?\d\d)(?!\d|[.,:]\d)",
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    rf"(?<!\w)({_WORD})\.?{_GAP}(\d{{1,2}})(?:st|nd|rd|th)?{_SPACE}*(?:,{_SPACE}*|-|{_SPACE})"
    rf"{_SPACE}*(\d{{4}})(?!\d)",
    re.IGNORECASE,
)
_YEAR_MONTH = re.compile(
    rf"(?<!\d)(\d{{4}})(?:\.{_SPACE}?|{_SPACE}|-)({_WORD})\.?{_GAP}(\d{{1,2}})(?!\d)", re.IGNORECASE
)
_EASTERN = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
_COMPACT = re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)")
_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d"})


@lru_cache(maxsize=1)
def _months() -> dict[str, int]:
    text = (files("ai_catalyst.pdf.values") / "months.toml").read_text("utf-8")
    return {
        name: number
        for names in tomllib.loads(text).values()
        for number, forms in enumerate(names, 1)
        for name in forms.split()
    }


@lru_cache(maxsize=4096)
def _month(word: str) -> int:
    """Return the number of a month's name, whatever its accents; 0 when it is none."""
    folded = unicodedata.normalize("NFKD", word.lower().translate(_STROKES))
    plain = "".join(char for char in folded if char.isalpha())
    return _months().get(plain, 0)


def dates(text: str, locale: Locale) -> list[Hit]:
    """Return the dates of a text in order, as ISO 8601.

    Of numbers that could be either, ``locale.day_first`` says which is the day; between dots the
    day always comes first. Years of two digits are 1970 to 2069.
    """
    found: list[Hit] = []
    taken = bytearray(len(text))
    for hit in _all(text, locale):
        if not any(taken[hit.start : hit.end]):
            taken[hit.start : hit.end] = b"\1" * (hit.end - hit.start)
            found.append(hit)
    return sorted(found)


def parse_date(text: str, locale: Locale | None = None) -> str | None:
    """Return the one date of a text as ISO 8601, None when there is none; ``20140803`` is one."""
    found = dates(text, locale or Locale())
    if found:
        return str(found[0].value)
    match = _COMPACT.search(text)
    return _iso(*match.groups()) if match else None


def day_first(text: str) -> bool | None:
    """Return whether days come before months in a text's numeric dates, None when it is open."""
    votes = 0
    for first, sign, second, year in _NUMERIC.findall(text):
        if len(first) > 2 or not year:
            continue
        if int(first) > 12 >= int(second):
            votes += 1
        elif int(second) > 12 >= int(first) and sign != ".":
            votes -= 1
    return None if votes == 0 else votes > 0


def _all(text: str, locale: Locale) -> Iterator[Hit]:
    if not any(char.isdigit() for char in text):
        return
    for pattern in (_DAY_MONTH, _MONTH_DAY, _YEAR_MONTH, _EASTERN):
        yield from _written(pattern, text)
    for match in _NUMERIC.finditer(text):
        value, sure = _numeric(match[1], match[2], match[3], match[4], locale)
        if value:
            yield Hit(*match.span(), value, sure)
    for match in _SPACED.finditer(text):
        value, sure = _numeric(match[1], " ", match[2], match[3], locale)
        if value:
            yield Hit(*match.span(), value, sure * 0.9)


def _written(pattern: re.Pattern[str], text: str) -> Iterator[Hit]:
    """Yield dates with a month's name; what only looks like one hides none that begins within."""
    match = pattern.search(text)
    while match is not None:
        value = _named(pattern, match)
        if value:
            yield Hit(*match.span(), value)
        match = pattern.search(text, match.end() if value else match.start() + 1)


def _named(pattern: re.Pattern[str], match: re.Match[str]) -> str | None:
    if pattern is _EASTERN:
        return _iso(match[1], match[2], match[3])
    if pattern is _DAY_MONTH:
        day, month, year = match[1], _month(match[2]), match[3].lstrip("'’")
    elif pattern is _MONTH_DAY:
        day, month, year = match[2], _month(match[1]), match[3]
    else:
        day, month, year = match[3], _month(match[2]), match[1]
    return _iso(year, str(month), day) if month else None


def _numeric(
    first: str, sign: str, second: str, third: str, locale: Locale
) -> tuple[str | None, float]:
    if len(first) == 4:
        return (_iso(first, second, third), 1.0) if len(third) == 2 else (None, 0.0)
    if len(first) == 3:
        return None, 0.0
    swapped = int(second) > 12 >= int(first)
    day, month = (first, second) if not swapped else (second, first)
    if sign != "." and not locale.day_first and int(first) <= 12 and int(second) <= 12:
        day, month = second, first
    either = int(first) <= 12 and int(second) <= 12 and first != second and sign != "."
    sure = 1.0 if len(third) == 4 else 0.9
    return _iso(third, month, day), sure - 0.1 * either


def _iso(year: str, month: str, day: str) -> str | None:
    number = int(year)
    if len(year) == 2:
        number += 1900 if number >= 70 else 2000
    if not 1900 <= number <= 2100:
        return None
    try:
        return dt.date(number, int(month), int(day)).isoformat()
    except ValueError:
        return None
