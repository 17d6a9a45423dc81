"""Numbers that are somebody's: one entry a shape, with what makes it sure.

Runs of digits are found once (`Reading.clusters`); what shapes fit one depends only on its
signature (``999-99-9999``), so that is worked out once a signature and remembered.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers.checks import digits, ipv4, luhn, ssn

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Cluster, Reading

__all__ = ["SHAPES", "Shape", "numbers"]


class Shape(NamedTuple):
    """One form of one kind of number.

    ``form`` matches the signature; ``score`` is for the form alone (after ``check``, when there is
    one), ``cued`` with a word of ``cue`` (a list of the locale packs) before it, ``unchecked`` when
    the check fails and a cue stands there.
    """

    kind: str
    name: str
    form: str
    score: float
    cue: str = ""
    cued: float = 0.0
    check: Callable[[str], bool] | None = None
    unchecked: float = 0.0


def _plausible_date(value: str) -> bool:
    parts = [int(part) for part in re.split(r"\D+", value.split(" ")[0]) if part]
    if len(parts) != 3:
        return False
    first, second, third = parts
    if first > 31:
        return 1 <= second <= 12 and 1 <= third <= 31 and 1800 <= first <= 2100
    if not (1 <= first <= 31 and 1 <= second <= 31 and min(first, second) <= 12):
        return False
    return third < 100 or 1800 <= third <= 2100


def _phone(value: str) -> bool:
    number = digits(value)
    return 7 <= len(number) <= 15 and len(set(number)) > 1 and not _isbn(number)


def _isbn(number: str) -> bool:
    if len(number) != 13 or not number.startswith(("978", "979")):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(number)) % 10 == 0


def _not_years(value: str) -> bool:
    return _phone(value) and not all(
        1800 <= int(part) <= 2099 for part in re.findall(r"\d+", value)
    )


def _trunk(value: str) -> bool:
    return value.startswith("0") and 9 <= len(digits(value)) <= 11 and _phone(value)


def _card(value: str) -> bool:
    number = digits(value)
    return number[0] in "123456" and len(set(number)) > 1 and luhn(number)


def _coordinates(value: str) -> bool:
    latitude, longitude = (float(part) for part in re.findall(r"\d+\.\d+", value))
    return latitude <= 90 and longitude <= 180


SHAPES: tuple[Shape, ...] = (
    Shape("CREDIT_CARD", "card", r"9{12,19}", 0.9, "card", 0.99, _card, 0.55),
    Shape(
        "CREDIT_CARD",
        "card",
        r"9{4}([- \n])9{4}\1?[ \n]?9{4}\1?[ \n]?9{1,7}|9{4}[- ]9{6}[- ]9{4,5}",
        0.95,
        "card",
        0.99,
        _card,
        0.6,
    ),
    Shape("IP", "ipv4", r"9{1,3}(?:\.9{1,3}){3}", 0.9, check=ipv4),
    Shape(
        "DATE", "date", r"9{4}-99-99(?: 99:99(?::99)?(?:[.,]9{1,6})?)?", 0.9, check=_plausible_date
    ),
    Shape(
        "DATE",
        "date",
        r"9{1,2}([-/.])9{1,2}\1(?:9{4}|99)(?: 9{1,2}:99(?::99)?)?",
        0.8,
        check=_plausible_date,
    ),
    Shape("DATE", "date", r"9{4}([/.])9{1,2}\1 ?9{1,2}", 0.8, check=_plausible_date),
    Shape("DATE", "date", r"9{1,2}\. 9{1,2}\. 9{4}", 0.7, check=_plausible_date),
    Shape("SSN", "us-ssn", r"999([- ])99\1 ?9999", 0.85, "ssn", 0.95, ssn),
    Shape("SSN", "us-ssn", r"9{9}", 0.1, "ssn", 0.9, ssn),
    Shape("PHONE", "phone-international", r"\+9{1,3}[ .\-/()9]{6,20}", 0.9, check=_phone),
    Shape(
        "PHONE",
        "phone-international",
        r"99[19]{0,2}[- .]9{3}[-. ]9{3}[-. ]9{4}",
        0.75,
        "phone",
        0.9,
        _phone,
    ),
    Shape(
        "PHONE",
        "phone-parentheses",
        r"\(\+?9{1,5}\)[ \-./]{0,3}9{1,5}(?:[ \-./]{1,2}9{2,5}){0,4}",
        0.75,
        "phone",
        0.9,
        _phone,
    ),
    Shape(
        "PHONE", "phone-nanp", r"(?:9[- .])?999([-.])999\1?[-. ]?9999", 0.8, "phone", 0.9, _phone
    ),
    Shape("PHONE", "phone-nanp", r"(?:9 )?999 999[ -]9999|999/999-9999", 0.7, "phone", 0.9, _phone),
    Shape(
        "PHONE",
        "phone-trunk",
        r"9{2,5}(?:[- ./]9{2,8}){1,4}",
        0.65,
        "phone",
        0.85,
        _trunk,
    ),
    Shape("PHONE", "phone-local", r"999[-.]9999", 0.6, "phone", 0.85, _not_years),
    Shape("PHONE", "phone-local", r"999 9999", 0.4, "phone", 0.8, _not_years),
    Shape(
        "PHONE",
        "phone-pairs",
        r"9{2,4}([-. ])99\1 ?99\1 ?99(?:\1 ?99)?",
        0.6,
        "phone",
        0.85,
        _phone,
    ),
    Shape("PHONE", "phone-triples", r"9{2,4}([- .])9{3}\1 ?9{3}", 0.55, "phone", 0.85, _phone),
    Shape("PHONE", "phone-groups", r"9{2,5}(?:[- ./]9{2,5}){2,4}", 0.5, "phone", 0.8, _not_years),
    Shape(
        "PHONE", "phone-groups", r"9{2,5}[-/ ]9{4,8}|9{4,5}[-/ ]9{3}", 0.4, "phone", 0.8, _not_years
    ),
    Shape("PHONE", "phone-digits", r"9{7,13}", 0.2, "phone", 0.75, _phone),
    Shape(
        "PHONE", "phone-cued", r"9{1,5}(?:[- ./]{1,2}\(?9{1,5}\)?){1,6}", 0.1, "phone", 0.6, _phone
    ),
)

_GUARDED = [
    re.compile(rf"(?<![9+])(?<!9[.\-/:])(?:{shape.form})(?![9])(?![.\-/:]9)") for shape in SHAPES
]


@functools.lru_cache(maxsize=8192)
def _fitting(signature: str) -> tuple[tuple[int, int, int], ...]:
    """Return ``(number of the shape, start, end)`` for each shape in a signature."""
    return tuple(
        (number, match.start(), match.end())
        for number, form in enumerate(_GUARDED)
        for match in form.finditer(signature)
    )


_EXTENSION = re.compile(
    r"[ ,]{0,2}(?:x|ext\.?|extension|durchwahl|poste|int\.)[ ]?\d{1,6}(?!\d)", re.IGNORECASE
)
_CURRENCY_BEFORE = re.compile(
    r"(?:[$€£¥₹]|(?<![A-Z])(?:EUR|USD|GBP|CHF|PLN|TRY|TRL|SEK|NOK|DKK|CZK|HUF|ATS|DEM|JPY|CAD|AUD|FRF|ITL|RUB|INR|CNY|YTL))[ ]?$"
)
_UNIT_AFTER = re.compile(
    r"[ ]?(?:%|[$€£¥₹°]|(?:EUR|USD|GBP|CHF|PLN|TRY|TRL|SEK|euros?|dollars?|pounds?|francs?|liras?|km|kg|cm|mm|m²|mg|ml|kb|mb|gb|tb|ms|px|kWh|people|persons|times|percent|per|million|billion)(?![\w]))",
    re.IGNORECASE,
)
_TIME_AFTER = re.compile(r"T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")


def numbers(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
    """Find cards, phones, SSNs, IP addresses, numeric dates and coordinates."""
    text = reading.text
    for cluster in reading.long_clusters:
        fitting = _fitting(cluster.signature)
        if _DECIMALS.fullmatch(cluster.signature):
            yield from _position(reading, lexis, cluster)
            continue
        if not fitting:
            continue
        if _inside_word(text, cluster):
            continue
        yield from _best(reading, lexis, cluster, fitting)


_DECIMALS = re.compile(r"9{1,3}\.9{3,}")
_POSITION = re.compile(
    r"-?\d{1,3}\.\d{3,12}°?[ ]?[NSns]?[,; ][ ]?-?\d{1,3}\.\d{3,12}°?(?:[ ]?[EWew](?!\w))?"
)


def _position(reading: Reading, lexis: Lexis, cluster: Cluster) -> Iterator[Spot]:
    """Find coordinates: two decimals that can be latitude and longitude."""
    start = cluster.start - (cluster.start > 0 and reading.text[cluster.start - 1] == "-")
    match = _POSITION.match(reading.text, start)
    if match is None or not _coordinates(match.group()):
        return
    cued = "gps" in reading.cues_before(lexis.cues, start)
    exact = sum(len(part) >= 4 for part in re.findall(r"\.(\d+)", match.group())) == 2
    yield Spot("GPS", start, match.end(), 0.9 if cued else 0.55 if exact else 0.35, "coordinates")


def _inside_word(text: str, cluster: Cluster) -> bool:
    before = text[cluster.start - 1] if cluster.start else " "
    after = text[cluster.end] if cluster.end < len(text) else " "
    return (
        before.isalpha()
        or before in "_$€£"
        or (after.isalpha() and after not in "xXeT")
        or after == "_"
    )


def _best(
    reading: Reading, lexis: Lexis, cluster: Cluster, fitting: tuple[tuple[int, int, int], ...]
) -> Iterator[Spot]:
    text = reading.text
    taken: list[tuple[int, int]] = []
    cues: frozenset[str] | None = None
    spots: list[Spot] = []
    for number, start, end in fitting:
        start, end = start + cluster.start, end + cluster.start
        shape = SHAPES[number]
        if any(start < stop and begin < end for begin, stop in taken):
            continue
        passed = shape.check is None or shape.check(text[start:end])
        if not passed and not shape.unchecked:
            continue
        if shape.cue and cues is None:
            cues = reading.cues_before(lexis.cues, cluster.start)
        cued = bool(shape.cue) and cues is not None and shape.cue in cues
        if passed:
            score = shape.cued if cued else shape.score
        else:
            score = shape.unchecked if cued else 0.0
        if shape.name == "ipv4" and _is_version(reading, lexis, start):
            score = 0.3
        if score < 0.75 and shape.kind == "PHONE":
            score = _unless_an_amount(text, start, end, score, cues or frozenset())
        if score >= 0.85:
            reading.settled.add(cluster.start)
        if score >= 0.3:
            taken.append((start, end))
            spots.append(_extended(text, Spot(shape.kind, start, end, score, shape.name)))
    yield from spots


def _is_version(reading: Reading, lexis: Lexis, start: int) -> bool:
    return "plain-number" in reading.cues_before(lexis.cues, start, 12)


def _unless_an_amount(text: str, start: int, end: int, score: float, cues: frozenset[str]) -> float:
    if _CURRENCY_BEFORE.search(text, max(0, start - 5), start) or _UNIT_AFTER.match(text, end):
        return 0.0
    if cues & {"plain-number", "licence", "zip"} and "phone" not in cues:
        return 0.0
    return score


def _extended(text: str, spot: Spot) -> Spot:
    follow = {"PHONE": _EXTENSION, "DATE": _TIME_AFTER}.get(spot.kind)
    match = follow.match(text, spot.end) if follow is not None else None
    return spot._replace(end=match.end()) if match else spot
