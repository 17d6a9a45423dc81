"""Numbers with letters, and numbers that only the words beside them tell: identity documents,
national numbers, bank accounts, medical and insurance numbers, vehicles, references, post codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers.checks import IBAN_LENGTHS, iban, vin, with_stdnum

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Cluster, Reading

__all__ = ["NATIONAL", "NationalNumber", "ibans", "identity"]


class NationalNumber(NamedTuple):
    """One country's number for people: its shape, and the check that makes it sure.

    ``digits`` is how many digits stand together in it (a quick way to those worth trying).

    ``score`` is what a valid one is worth alone; with a cue word it counts as certain. Numbers of
    plain digits are weak alone: one in ten of any number passes a check digit.
    """

    country: str
    name: str
    digits: int
    form: re.Pattern[str]
    check: Callable[[str], bool]
    score: float


def _number(
    country: str, name: str, count: int, form: str, module: str, score: float
) -> NationalNumber:
    return NationalNumber(country, name, count, re.compile(form), with_stdnum(module), score)


NATIONAL: tuple[NationalNumber, ...] = (
    _number("AR", "cuit", 11, r"(?:2[0347]|3[034])-?\d{8}-?\d", "ar.cuit", 0.6),
    _number("AT", "vnr", 10, r"\d{4} ?\d{6}", "at.vnr", 0.25),
    _number("AU", "tfn", 9, r"\d{3} \d{3} \d{3}", "au.tfn", 0.3),
    _number(
        "BE",
        "rijksregisternummer",
        11,
        r"\d{2}[. ]?\d{2}[. ]?\d{2}[- ]?\d{3}[. ]?\d{2}",
        "be.nn",
        0.6,
    ),
    _number("BG", "egn", 10, r"\d{10}", "bg.egn", 0.15),
    _number("BR", "cpf", 11, r"\d{3}\.\d{3}\.\d{3}-\d{2}", "br.cpf", 0.95),
    _number("BR", "cpf", 11, r"\d{11}", "br.cpf", 0.2),
    _number("CA", "sin", 9, r"\d{3}[- ]\d{3}[- ]\d{3}", "ca.sin", 0.55),
    _number("CH", "ahv", 13, r"756\.?\d{4}\.?\d{4}\.?\d{2}", "ch.ssn", 0.95),
    _number("CL", "rut", 9, r"\d{1,2}\.?\d{3}\.?\d{3}-\d", "cl.rut", 0.7),
    _number("CL", "rut", 8, r"\d{1,2}\.?\d{3}\.?\d{3}-[\dKk]", "cl.rut", 0.7),
    _number("CN", "ric", 18, r"\d{18}", "cn.ric", 0.85),
    _number("CN", "ric", 17, r"\d{17}[Xx]", "cn.ric", 0.85),
    _number("CZ", "rodne-cislo", 10, r"\d{6}/?\d{4}", "cz.rc", 0.45),
    _number("CZ", "rodne-cislo", 9, r"\d{6}/\d{3}", "cz.rc", 0.45),
    _number("DE", "steuer-id", 11, r"\d{2} ?\d{3} ?\d{3} ?\d{3}", "de.idnr", 0.3),
    _number("DK", "cpr", 10, r"\d{6}-\d{4}", "dk.cpr", 0.55),
    _number("EE", "isikukood", 11, r"[1-6]\d{10}", "ee.ik", 0.4),
    _number("ES", "dni", 8, r"\d{8}[- ]?[A-HJ-NP-TV-Za-hj-np-tv-z]", "es.dni", 0.75),
    _number("ES", "nie", 7, r"[XYZxyz][- ]?\d{7}[- ]?[A-HJ-NP-TV-Za-hj-np-tv-z]", "es.nie", 0.8),
    _number("FI", "hetu", 9, r"\d{6}[-+A]\d{3}[A-Y]", "fi.hetu", 0.85),
    _number("FI", "hetu", 10, r"\d{6}[-+A]\d{4}", "fi.hetu", 0.85),
    _number("FR", "nir", 15, r"[12] ?\d{2} ?\d{2} ?\d{2} ?\d{3} ?\d{3} ?\d{2}", "fr.nir", 0.85),
    _number("GB", "nhs", 10, r"\d{3}[ -]\d{3}[ -]\d{4}", "gb.nhs", 0.35),
    _number("GR", "amka", 11, r"\d{11}", "gr.amka", 0.35),
    _number("HR", "oib", 11, r"\d{11}", "hr.oib", 0.25),
    _number("IE", "pps", 7, r"\d{7}[A-W][A-IW]?", "ie.pps", 0.75),
    _number("IL", "teudat-zehut", 9, r"\d{9}", "il.idnr", 0.1),
    _number("IN", "aadhaar", 12, r"[2-9]\d{3} ?\d{4} ?\d{4}", "in_.aadhaar", 0.6),
    _number("IN", "pan", 4, r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", "in_.pan", 0.8),
    _number(
        "IT",
        "codice-fiscale",
        2,
        r"(?i:[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z])",
        "it.codicefiscale",
        0.95,
    ),
    _number("KR", "rrn", 13, r"\d{6}-[1-8]\d{6}", "kr.rrn", 0.85),
    _number("LT", "asmens-kodas", 11, r"[3-6]\d{10}", "lt.asmens", 0.35),
    _number("MX", "curp", 6, r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d", "mx.curp", 0.95),
    _number("NL", "bsn", 9, r"\d{9}|\d{4}[. ]\d{2}[. ]\d{3}", "nl.bsn", 0.2),
    _number("NO", "fodselsnummer", 11, r"\d{6} ?\d{5}", "no.fodselsnummer", 0.45),
    _number("PL", "pesel", 11, r"\d{11}", "pl.pesel", 0.4),
    _number("PT", "nif", 9, r"\d{9}", "pt.nif", 0.1),
    _number("RO", "cnp", 13, r"[1-9]\d{12}", "ro.cnp", 0.45),
    _number("SE", "personnummer", 10, r"\d{6}[-+]\d{4}", "se.personnummer", 0.75),
    _number("SE", "personnummer", 12, r"(?:19|20)\d{6}[-+]\d{4}", "se.personnummer", 0.75),
    _number("SI", "emso", 13, r"\d{13}", "si.emso", 0.45),
    _number("SK", "rodne-cislo", 10, r"\d{6}/\d{4}", "sk.rc", 0.45),
    _number("TR", "kimlik", 11, r"[1-9]\d{10}", "tr.tckimlik", 0.35),
    _number("ZA", "id", 13, r"\d{13}", "za.idnr", 0.4),
    NationalNumber(
        "GB",
        "nino",
        6,
        re.compile(
            r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"
        ),
        lambda value: True,
        0.75,
    ),
)

_BY_COUNT: dict[int, list[NationalNumber]] = {}
for _entry in NATIONAL:
    _BY_COUNT.setdefault(_entry.digits, []).append(_entry)

_TOKEN_LEFT = re.compile(r"[A-Za-z0-9]{1,34}\Z")
_TOKEN_RIGHT = re.compile(r"[A-Za-z0-9]{0,64}")
_CODE_LEFT = re.compile(r"(?:[A-Za-z0-9]{1,12}[-/]){0,4}[A-Za-z]{0,12}\Z")
_CODE_RIGHT = re.compile(r"[A-Za-z0-9]{0,32}(?:[-/.][A-Za-z0-9]{1,32}){0,6}")
_BTC = re.compile(r"(?:[13][a-km-zA-HJ-NP-Z1-9]{25,34}|bc1[ac-hj-np-z02-9]{25,60})\Z")
_ETH = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UK_POST = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}(?![A-Za-z\d])")
_CA_POST = re.compile(r"[A-CEGHJ-NPR-TVXY]\d[A-Z][ -]?\d[A-Z]\d(?![A-Za-z\d])")
_ZIP = re.compile(r"\d{4,6}(?:[- ]\d{3,4})?(?: [A-Z]{2}(?![A-Za-z]))?|\d{3} \d{2}(?!\d)")
_PLATE = re.compile(r"[A-ZÄÖÜ]{1,3}[- ]?[A-Z]{0,2}[- ]?\d{1,4}[- ]?[A-Z]{0,3}")
_SPACED_CODE = re.compile(r"[A-Z0-9]{1,12}(?:[ .\-/][A-Z0-9]{1,12}){0,5}(?![A-Za-z0-9])")
_CASE_NUMBER = re.compile(r"\d{3,6}/\d{2,4}")

_ZIP_WORDS = words("zip zipcode postal postcode post plz postleitzahl cp cap código codice")
_BY_CUE = {
    "passport": ("ID", "passport", 0.85),
    "licence": ("ID", "licence", 0.8),
    "national-id": ("ID", "national-id", 0.8),
    "medical": ("ID", "medical", 0.8),
    "insurance": ("ID", "insurance", 0.75),
    "account": ("ID", "account", 0.75),
    "vehicle": ("ID", "vehicle", 0.75),
    "reference": ("ID", "reference", 0.55),
}


_IBAN_HEAD = re.compile(r"[A-Za-z]{2}[0-9]{2}[ ]?[A-Za-z]{1,4}[ ]?\Z|[A-Za-z]{2}\Z")


def ibans(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
    """Find international bank account numbers by their check digits."""
    text = reading.text
    done = 0
    for cluster in reading.long_clusters:
        start = cluster.start
        if (
            start < done
            or start < 2
            or not (text[start - 1].isalpha() or text[start - 2].isalpha())
        ):
            continue
        head = _IBAN_HEAD.search(text[max(0, start - 10) : start])
        spot = _iban(text, start - len(head.group())) if head else None
        if spot is not None:
            done = spot.end
            yield spot


def identity(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
    """Find numbers with letters by their checks, and others by the words before them."""
    text = reading.text
    done = 0
    last: Spot | None = None
    bool(reading.vocabulary & _ZIP_WORDS)
    zips = bool(reading.vocabulary & _ZIP_WORDS)
    for cluster in reading.clusters:
        first, stop, signature = cluster
        if first < done or first in reading.settled:
            continue
        touched = _touched(text, first, stop)
        if not touched and not _worth(text, stop, len(signature), zips):
            continue
        start, end = _token(text, first, stop) if touched else (first, stop)
        count = signature.count("9")
        spot = _lettered(reading, start, end) if touched or end - start > 16 else None
        spot = spot or _national(reading, lexis, start, end, count)
        if spot is None:
            spot = _cued(reading, lexis, start, cluster.start)
        if spot is None and last is not None and last.recogniser == "reference":
            spot = _listed(text, last, cluster)
        if spot is not None:
            last = spot
            done = spot.end
            yield spot


def _touched(text: str, start: int, end: int) -> bool:
    """Whether a letter stands right before or after."""
    return (start > 0 and text[start - 1].isalpha()) or text[end : end + 1].isalpha()


def _worth(text: str, end: int, size: int, zips: bool) -> bool:
    """Whether a number is long enough to be somebody's."""
    if size > 4:
        return True
    return (size > 2 and text[end : end + 1] in ("/", "-")) or (size == 4 and zips)


def _token(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a run of digits to the letters that touch it."""
    if start and text[start - 1].isalpha():
        left = _TOKEN_LEFT.search(text[max(0, start - 34) : start])
        if left is not None:
            start -= len(left.group())
    if end < len(text) and text[end].isalpha():
        right = _TOKEN_RIGHT.match(text, end)
        end = right.end() if right else end
    return start, end


def _lettered(reading: Reading, start: int, end: int) -> Spot | None:
    text = reading.text
    if text[start].isalpha():
        spot = _post_code(text, start)
        if spot is not None:
            return spot
    token = text[start:end]
    if len(token) > 25:
        if _BTC.match(token) or _ETH.match(token):
            return Spot("CRYPTO", start, end, 0.85, "crypto-address")
        return None
    if len(token) == 17 and vin(token):
        return Spot("ID", start, end, 0.75, "vin")
    uuid = _UUID.match(text, start)
    return Spot("ID", start, uuid.end(), 0.4, "uuid") if uuid else None


def _iban(text: str, start: int) -> Spot | None:
    length = IBAN_LENGTHS.get(text[start : start + 2].upper())
    if length is None or not text[start + 2 : start + 4].isdigit():
        return None
    if start and (text[start - 1].isalnum()):
        return None
    taken, at = 0, start
    while at < len(text) and taken < length:
        if text[at].isalnum():
            taken += 1
        elif text[at] not in " -\n" or not text[at - 1].isalnum():
            return None
        at += 1
    if taken < length or (at < len(text) and text[at].isalnum()):
        return None
    if iban(text[start:at]):
        return Spot("IBAN", start, at, 0.99, "iban")
    cued = "iban" in text[max(0, start - 24) : start].lower()
    return Spot("IBAN", start, at, 0.6, "iban-unchecked") if cued else None


def _post_code(text: str, start: int) -> Spot | None:
    for form in (_UK_POST, _CA_POST):
        match = form.match(text, start)
        if match is not None and (
            " " in match.group() or (form is _UK_POST and match.end() - start > 5)
        ):
            return Spot("ADDRESS", start, match.end(), 0.6, "post-code")
    return None


def _national(reading: Reading, lexis: Lexis, start: int, end: int, count: int) -> Spot | None:
    text = reading.text
    best: Spot | None = None
    cues: frozenset[str] | None = None
    for number in _BY_COUNT.get(count, ()):
        match = number.form.match(text, start)
        if match is None or (match.end() < end and match.end() - start < 9):
            continue
        stop = match.end()
        if stop < len(text) and (
            text[stop].isalnum() or (text[stop] in "-/." and text[stop + 1 : stop + 2].isdigit())
        ):
            continue
        if cues is None:
            cues = reading.cues_before(lexis.cues, start)
        cued = "national-id" in cues or "ssn" in cues
        score = 0.9 if cued else number.score
        if (best is None or score > best.score) and score >= 0.3 and number.check(match.group()):
            best = Spot("ID", start, stop, score, f"{number.country.lower()}-{number.name}")
    return best


def _cued(reading: Reading, lexis: Lexis, start: int, first_digit: int) -> Spot | None:
    """Take a number for what the words right before it say it is."""
    text = reading.text
    cues = reading.cues_before(lexis.cues, start)
    if not cues or (start and text[start - 1] in "$€£"):
        return None
    if "zip" in cues:
        match = _ZIP.match(text, start) or _UK_POST.match(text, start)
        if match is not None:
            return Spot("ADDRESS", start, match.end(), 0.8, "post-code-cued")
    kinds = [entry for cue, entry in _BY_CUE.items() if cue in cues]
    if not kinds:
        return None
    kind, name, score = kinds[0]
    begin, end = _code(text, start, first_digit)
    value = text[begin:end]
    if name == "reference":
        if "plain-number" in reading.cues_before(lexis.cues, begin, 18) or not _like_a_reference(
            value
        ):
            return None
        score = 0.8 if _CASE_NUMBER.match(value) else score
    elif len(value) < 5:
        return None
    return Spot(kind, begin, end, score, name)


_AND = re.compile(r"(?:,|,? (?:and|und|et|y|e|en|or|to))? ?")


def _listed(text: str, last: Spot, cluster: Cluster) -> Spot | None:
    """Take the next of ``nos. 26480/95, 31960/96 and 31996/96``."""
    near = _AND.fullmatch(text, last.end, cluster.start)
    value = text[cluster.start : cluster.end]
    if near is None or not near.group() or not _CASE_NUMBER.fullmatch(value):
        return None
    return Spot("ID", cluster.start, cluster.end, last.score, "reference")


def _like_a_reference(value: str) -> bool:
    numerals = sum(char.isdigit() for char in value)
    if numerals > 24:
        return False
    return numerals >= 5 or (
        numerals >= 3 and any(char in "/-" or char.isalpha() for char in value)
    )


def _code(text: str, start: int, first_digit: int) -> tuple[int, int]:
    left = _CODE_LEFT.search(text[max(0, first_digit - 60) : first_digit])
    begin = first_digit - (len(left.group()) if left else 0)
    right = _CODE_RIGHT.match(text, first_digit)
    end = right.end() if right else first_digit
    return min(begin, start), end
