"""Kinds with a shape of their own: addresses of mail and web, numbers of cards, banks, phones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai_catalyst.privacy.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["structured"]

_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}")
_URL = re.compile(r"(?:https?|ftp)://[^\s<>\"'“”]{2,2000}|www\.[^\s<>\"'“”]{3,2000}", re.IGNORECASE)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
_CARD = re.compile(r"(?<![\d.-])\d(?:[ -]?\d){11,18}(?![\d-])")
_IP = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d]|\.\d)")
_IP6 = re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?![\w:])")
_SSN = re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])")
_DATE = re.compile(
    r"(?<![\d/.-])(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?"
    r"|\d{1,2}([-/.])\d{1,2}\1(?:\d{4}|\d{2}))(?![\d/-])"
)
_MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
    "|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec"
)
_LONG_DATE = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTHS})\b\.?(?:,? \d{{4}})?"
    rf"|(?:{_MONTHS})\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?\b|(?:{_MONTHS}) \d{{4}}\b)"
)
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+|00)?\(?\d{1,5}\)?(?:[ .\-/]{0,2}\(?\d{2,5}\)?){1,5}"
    r"(?:[ ]?(?:x|ext\.?)[ ]?\d{1,6})?(?![\w-])"
)


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit (ISO/IEC 7812-1) of the others."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        digit = ord(char) - 48
        if place % 2:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return total % 10 == 0


def iban(value: str) -> bool:
    """Whether the ISO 13616 check digits hold (remainder 1 modulo 97)."""
    compact = value.replace(" ", "").upper()
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % 97 == 1


def _digits(value: str) -> str:
    return "".join(char for char in value if char.isdigit())


def _matches(
    kind: str, pattern: re.Pattern[str], text: str, score: float, sure: Callable[[str], bool]
) -> Iterator[Finding]:
    for match in pattern.finditer(text):
        value = match.group().rstrip(".,;:!?)'\"") if kind == "URL" else match.group()
        if sure(value):
            start = match.start()
            yield Finding(kind, start, start + len(value), value, score, kind.lower())


def _phone(value: str) -> bool:
    count = len(_digits(value))
    grouped = any(char in " .-/()+" for char in value)
    return 7 <= count <= 15 and grouped


def structured(text: str) -> list[Finding]:
    """Find every kind with a shape of its own; findings may overlap."""
    found: list[Finding] = []
    if "@" in text:
        found += _matches("EMAIL", _EMAIL, text, 0.99, lambda value: True)
    if "://" in text or "www." in text:
        found += _matches("URL", _URL, text, 0.95, lambda value: True)
    if any(digit in text for digit in "0123456789"):
        found += _numbers(text)
    return found


def _numbers(text: str) -> list[Finding]:
    found = [
        *_matches("IBAN", _IBAN, text, 0.99, iban),
        *_matches("CREDIT_CARD", _CARD, text, 0.95, lambda value: luhn(_digits(value))),
        *_matches("IP", _IP, text, 0.9, lambda v: all(int(part) < 256 for part in v.split("."))),
        *_matches("IP", _IP6, text, 0.8, lambda value: value.count(":") > 3 or "::" in value),
        *_matches("SSN", _SSN, text, 0.9, lambda value: True),
        *_matches("DATE", _DATE, text, 0.8, lambda value: True),
        *_matches("DATE", _LONG_DATE, text, 0.8, lambda value: True),
    ]
    taken = [(finding.start, finding.end) for finding in found]
    return found + [
        phone
        for phone in _matches("PHONE", _PHONE, text, 0.7, _phone)
        if all(phone.end <= start or end <= phone.start for start, end in taken)
    ]
