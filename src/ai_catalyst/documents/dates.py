"""Dates as feeds and mails write them, made ISO 8601; what is no date stays none."""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["iso_date"]

_ISO = re.compile(
    r"(\d{4})(?:-?(\d\d)(?:-?(\d\d))?)?"
    r"(?:[T ]+(\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?)?",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"(\d{4})-(\d{3})")
_MAIL = re.compile(
    r"(?:[a-z]{2,9}\.?,?\s+)?(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?,?[\s-]+(\d{4}|\d\d)"
    r"(?:,?\s+(\d{1,2}):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*([ap]m)?\s*([a-z]{1,5}|[+-]\d\d:?\d\d)?)?",
    re.IGNORECASE,
)
_AMERICAN = re.compile(
    r"(?:[a-z]{3,9},?\s+)?([a-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+"
    r"(?:(\d{1,2}):(\d\d)(?::(\d\d))?\s*(?:([a-z]{1,5}|[+-]\d{4})\s+)?)?(\d{4})",
    re.IGNORECASE,
)
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_NUMBERS = {name.title(): f"{number:02}" for name, number in _MONTHS.items()}
_NET = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) ([+-]\d{4}|GMT)",
    re.ASCII,
)
_EXACT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_UTC = {"Z": "+00:00", "GMT": "+00:00", "+0000": "+00:00", "-0000": "+00:00", "-00:00": "+00:00"}
_ZONES = {
    **dict.fromkeys(("z", "ut", "utc", "gmt"), 0),
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
    "cet": 1,
    "cest": 2,
    "eet": 2,
    "eest": 3,
    "bst": 1,
    "ist": 5.5,
    "jst": 9,
    "msk": 3,
}


def iso_date(raw: str | None) -> str | None:
    """Return a date as ISO 8601, as exact as it was; None when it cannot be read.

    Knows RFC 822 with its usual mistakes, W3CDTF and ISO 8601, ordinal dates, and the form that
    C's ``asctime`` writes. A zone is kept as an offset.
    """
    text = (raw or "").strip()
    if not text or len(text) > 100:
        return None
    usual = _usual(text)
    if usual:
        return usual
    for attempt in (_from_iso, _from_ordinal, _from_mail, _from_american):
        try:
            found = attempt(text)
        except (ValueError, OverflowError):
            continue
        if found:
            return found
    return None


def _usual(text: str) -> str | None:
    """Read the two forms that nearly all feeds have; what is odd about a date is for the others."""
    if text[4:5] == "-":
        if not _EXACT.fullmatch(text):
            return None
        iso = f"{text[:19]}{_UTC.get(text[19:], text[19:])}"
    else:
        found = _NET.fullmatch(text)
        if found is None:
            return None
        day, name, year, time, zone = found.groups()
        month = _NUMBERS.get(name)
        if month is None:
            return None
        zone = _UTC.get(zone) or f"{zone[:3]}:{zone[3:]}"
        iso = f"{year}-{month}-{day.rjust(2, '0')}T{time}{zone}"
    try:
        dt.datetime.fromisoformat(iso)
    except ValueError:
        return None
    return iso


def _from_iso(text: str) -> str | None:
    match = _ISO.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    if not month:
        return str(year)
    if not day:
        dt.date(int(year), int(month), 1)
        return f"{year}-{month}"
    date = dt.date(int(year), int(month), int(day))
    return _joined(date, hour, minute, second, zone)


def _from_ordinal(text: str) -> str | None:
    match = _ORDINAL.fullmatch(text)
    if not match or not 1 <= int(match[2]) <= 366:
        return None
    return (dt.date(int(match[1]), 1, 1) + dt.timedelta(int(match[2]) - 1)).isoformat()


def _from_mail(text: str) -> str | None:
    match = _MAIL.match(text)
    if not match or match[2].lower() not in _MONTHS:
        return None
    day, month, year, hour, minute, second, half, zone = match.groups()
    if half and hour:
        hour = str(int(hour) % 12 + (12 if half.lower() == "pm" else 0))
    date = dt.date(_century(year), _MONTHS[month.lower()], int(day))
    return _joined(date, hour, minute, second, zone)


def _from_american(text: str) -> str | None:
    match = _AMERICAN.match(text)
    if not match or match[1].lower() not in _MONTHS:
        return None
    month, day, hour, minute, second, zone, year = match.groups()
    date = dt.date(int(year), _MONTHS[month.lower()], int(day))
    return _joined(date, hour, minute, second, zone)


def _century(year: str) -> int:
    number = int(year)
    return number if len(year) == 4 else number + (1900 if number >= 70 else 2000)


def _joined(
    date: dt.date, hour: str | None, minute: str | None, second: str | None, zone: str | None
) -> str:
    if hour is None or minute is None:
        return date.isoformat()
    moment = dt.datetime.combine(date, dt.time()) + dt.timedelta(  # 24:00 and 60 s do occur
        hours=min(int(hour), 24), minutes=min(int(minute), 59), seconds=min(int(second or 0), 60)
    )
    return moment.isoformat() + _offset(zone)


def _offset(zone: str | None) -> str:
    if not zone:
        return ""
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        return "+00:00" if digits == "0000" else f"{zone[0]}{digits[:2]}:{digits[2:]}"
    hours = _ZONES.get(zone.lower())
    if hours is None:
        return ""
    sign = "-" if hours < 0 else "+"
    return f"{sign}{int(abs(hours)):02}:{int(abs(hours) % 1 * 60):02}"
