"""Check digits: what makes a number more than a shape."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module

__all__ = ["IBAN_LENGTHS", "digits", "iban", "ipv4", "luhn", "ssn", "vin", "with_stdnum"]

_NOT_DIGIT = re.compile(r"\D+")
_DOUBLED = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]

IBAN_LENGTHS = {
    code: int(length)
    for code, length in (
        entry.split(":")
        for entry in [
            "AD:24",
            "AE:23",
            "AL:28",
            "AT:20",
            "AZ:28",
            "BA:20",
            "BE:16",
            "BG:22",
            "BH:22",
            "BI:27",
            "BR:29",
            "BY:28",
            "CH:21",
            "CR:22",
            "CY:28",
            "CZ:24",
            "DE:22",
            "DJ:27",
            "DK:18",
            "DO:28",
            "EE:20",
            "EG:29",
            "ES:24",
            "FI:18",
            "FK:18",
            "FO:18",
            "FR:27",
            "GB:22",
            "GE:22",
            "GI:23",
            "GL:18",
            "GR:27",
            "GT:28",
            "HN:28",
            "HR:21",
            "HU:28",
            "IE:22",
            "IL:23",
            "IQ:23",
            "IS:26",
            "IT:27",
            "JO:30",
            "KW:30",
            "KZ:20",
            "LB:28",
            "LC:32",
            "LI:21",
            "LT:20",
            "LU:20",
            "LV:21",
            "LY:25",
            "MC:27",
            "MD:24",
            "ME:22",
            "MK:19",
            "MN:20",
            "MR:27",
            "MT:31",
            "MU:30",
            "NI:28",
            "NL:18",
            "NO:15",
            "OM:23",
            "PK:24",
            "PL:28",
            "PS:29",
            "PT:25",
            "QA:29",
            "RO:24",
            "RS:22",
            "RU:33",
            "SA:24",
            "SC:31",
            "SD:18",
            "SE:24",
            "SI:19",
            "SK:24",
            "SM:27",
            "SO:23",
            "ST:25",
            "SV:28",
            "TL:23",
            "TN:24",
            "TR:26",
            "UA:29",
            "VA:22",
            "VG:24",
            "XK:20",
        ]
    )
}
"""Length of an IBAN by country (the ISO 13616 registry)."""


def digits(value: str) -> str:
    """Return the digits of a text."""
    return _NOT_DIGIT.sub("", value)


def luhn(value: str) -> bool:
    """Whether the last digit is the Luhn check digit (ISO/IEC 7812-1) of the ones before it."""
    numbers = [ord(char) - 48 for char in digits(value)]
    total = sum(numbers[-1::-2]) + sum(_DOUBLED[number] for number in numbers[-2::-2])
    return total % 10 == 0 and any(numbers)


def iban(value: str) -> bool:
    """Whether the ISO 13616 check digits hold: the rearranged number modulo 97 is 1."""
    compact = "".join(char for char in value if char.isalnum()).upper()
    if not compact.isascii():
        return False
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % 97 == 1


def ipv4(value: str) -> bool:
    """Whether four numbers of up to 255 stand between three dots."""
    return all(int(part) < 256 for part in value.split("."))


def ssn(value: str) -> bool:
    """Whether a US social security number may have been issued (or one to stand for a taxpayer)."""
    number = digits(value)
    area, group, serial = number[:3], number[3:5], number[5:]
    return area not in ("000", "666") and group != "00" and serial != "0000"


_VIN_VALUES = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", "012345678912345678123457923456789", strict=True)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def vin(value: str) -> bool:
    """Whether the ninth character of a vehicle identification number checks (ISO 3779, 49 CFR 565)."""
    upper = value.upper()
    if len(upper) != 17 or any(char not in _VIN_VALUES for char in upper):
        return False
    total = sum(
        int(_VIN_VALUES[char]) * weight for char, weight in zip(upper, _VIN_WEIGHTS, strict=True)
    )
    return "0123456789X"[total % 11] == upper[8]


def with_stdnum(module: str) -> Callable[[str], bool]:
    """Return the check of a python-stdnum module, imported when it is first asked."""

    def check(value: str) -> bool:
        valid: bool = import_module(f"stdnum.{module}").is_valid(value)
        return valid

    return check
