"""Amounts and numbers with any separators, signs before or behind, currencies on either side."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ai_catalyst.pdf.values.currency import CODE, SIGN, currency_of
from ai_catalyst.pdf.values.dates import dates
from ai_catalyst.pdf.values.hit import Hit, Locale

__all__ = ["amounts", "decimal_sign", "number_of", "parse_amount", "percents"]

_SPACE = "[ \u00a0\u202f\u2009]"
_DIGITS = (
    rf"(?:\d{{1,3}}(?:{_SPACE}\d{{3}})+(?:[.,]\d{{1,4}})?(?![\d.,]*\d)"  # 1 234 567,89
    rf"|\d+(?:[.,'’˙·]\d+)*"
    r"|[.,]\d+)"
)
_MONEY = rf"(?:(?<![^\W\d_]){CODE}|{SIGN})"
_AMOUNT = re.compile(
    rf"(?<![\w.,/#:])(?P<open>\()?{_SPACE}?(?P<sign1>[-−–+])?{_SPACE}?"
    rf"(?P<before>{_MONEY}{_SPACE}*)?(?P<sign2>[-−–+])?{_SPACE}?"
    rf"(?P<number>{_DIGITS})(?P<dash>[.,](?:--?|–|—))?"
    rf"(?P<after>{_SPACE}?{_MONEY}(?![^\W\d_]))?(?P<sign3>[-−](?![\w\d]))?(?P<close>\))?"
    r"(?![\w]|[/:][\w])"
)
_PERCENT = re.compile(
    rf"(?<![\w.,])([-−]?\d{{1,3}}(?:[.,]\d{{1,3}})?){_SPACE}?(?:%|pct\b|percent\b)"
)
_PERCENT_AHEAD = re.compile(rf"{_SPACE}?%")
_WHOLE_GROUPS = re.compile(r"\d{1,3}(?:\D\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}")
_SIGNED = re.compile(r"[.,](\d{2})(?![\d.,]*\d)")


def decimal_sign(text: str) -> str:
    """Return the decimal sign most amounts of a text are written with, empty when it is open."""
    commas = points = 0
    for match in re.finditer(
        r"(?<![\d.,/-])\d{1,3}(?:[.,'’ \u00a0]?\d{3})*([.,])\d{2}(?![\d.,/-])", text
    ):
        if match[1] == ",":
            commas += 1
        else:
            points += 1
    return "" if commas == points else "," if commas > points else "."


def number_of(digits: str, decimal: str = "") -> float | None:
    """Return the number that digits with separators mean, None when they mean none.

    Of two kinds of separators the last is the decimal sign; one that comes again groups thousands.
    A lone one before three digits is open: then ``decimal``, the document's sign, decides, and a
    document that does not tell groups thousands.
    """
    plain = re.sub(rf"{_SPACE}|['’˙]", "", digits).replace("·", ".")
    signs = [char for char in plain if char in ".,"]
    if not signs:
        return float(plain) if plain.isdigit() else None
    last = signs[-1]
    whole, _, fraction = plain.rpartition(last)
    if len(set(signs)) == 2:
        if whole.count(last) or not _WHOLE_GROUPS.fullmatch(whole):
            return None
        return float(re.sub(r"\D", "", whole) + "." + fraction)
    if len(signs) > 1:
        return float(re.sub(r"\D", "", plain)) if _WHOLE_GROUPS.fullmatch(plain) else None
    grouped = len(fraction) == 3 and 1 <= len(whole) <= 3 and whole.strip("0") != ""
    if grouped and last != decimal:
        return float(whole + fraction)
    return float(f"{whole or '0'}.{fraction}")


def amounts(text: str, locale: Locale) -> list[Hit]:
    """Return the amounts of a text in order; dates, percents and times are none.

    ``sure`` is higher with a currency (its code in ``note``) and with two decimals.
    """
    if not any(char.isdigit() for char in text):
        return []
    barred = [(hit.start, hit.end) for hit in dates(text, locale)]
    return [
        hit
        for hit in _amounts(text, locale)
        if not any(hit.start < end and start < hit.end for start, end in barred)
    ]


def _amounts(text: str, locale: Locale) -> Iterator[Hit]:
    for match in _AMOUNT.finditer(text):
        if _PERCENT_AHEAD.match(text, match.end()):
            continue
        value = number_of(match["number"], locale.decimal)
        if value is None or value >= 1e13:
            continue
        minus = any(match[name] in ("-", "−", "–") for name in ("sign1", "sign2", "sign3"))
        if minus or (match["open"] and match["close"]):
            value = -value
        money = match["before"] or match["after"]
        code = currency_of(money, locale) if money else None
        decimals = bool(_SIGNED.search(match["number"])) or bool(match["dash"])
        sure = 0.5 + 0.25 * bool(money) + 0.25 * decimals
        yield Hit(*_trimmed(match), value, sure, code or "")


def _trimmed(match: re.Match[str]) -> tuple[int, int]:
    whole = match[0]
    start = match.start() + len(whole) - len(whole.lstrip())
    end = match.end()
    if match["open"] and not match["close"]:
        start = match.start("sign1") if match["sign1"] else match.start("number")
        start = match.start("before") if match["before"] and not match["sign1"] else start
    elif match["close"] and not match["open"]:
        end -= 1
    return start, end


def parse_amount(text: str, locale: Locale | None = None) -> float | None:
    """Return the one amount of a text, None when there is none."""
    found = amounts(text, locale or Locale(decimal=decimal_sign(text)))
    return max(found, key=lambda hit: hit.sure).value if found else None


def percents(text: str, locale: Locale) -> list[Hit]:
    """Return the percents of a text: 19.0 for ``19 %``."""
    found = []
    for match in _PERCENT.finditer(text):
        value = number_of(match[1].lstrip("-−"), "," if "," in match[1] else ".")
        if value is not None and value <= 100:
            found.append(Hit(match.start(), match.end(), value))
    return found
