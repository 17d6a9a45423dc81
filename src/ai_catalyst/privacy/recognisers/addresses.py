"""Street addresses: from a word that only stands in one, outwards in both directions."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers.address_tail import (
    ANY,
    BOXED,
    NUM,
    SEPARATOR,
    UNIT_NUMBER,
    tail,
)
from ai_catalyst.privacy.recognisers.letters import CAP, UPPER, is_common

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Reading

__all__ = ["addresses"]

_DIGIT = re.compile(r"\d")
_ORDINAL = r"\d{1,3}(?:st|nd|rd|th)"

_STRONG = words(
    "street streets st str avenue ave av road roads rd lane ln boulevard blvd highway hwy "
    "parkway pkwy drive dr crescent straße strasse ulica ul ulice u út utca rue rúa calle via "
    "viale piazza piazzale avenida avda rua plaza tér třída náměstí οδός οδος πλατεία "
    "λεωφόρος улица ул проспект вулиця вул straat laan gata gatan vej vägen gade katu "
    "sokak cad caddesi bulevardul strada gasse allee chaussee corso vicolo chemin allée "
    "impasse praça travessa camino jalan"
)
"""Words that make an address of the name beside them; the others want a number, too."""

_BEFORE_NAME = words(
    "ul ulica al aleja os plac pl str strada bulevardul bd aleea calea via viale piazza "
    "piazzale corso vicolo largo rua r rúa avenida av avda travessa praça estrada rodovia "
    "calle plaza paseo carrera camino rue chemin allée impasse quai place cours avenue "
    "boulevard οδός οδος πλατεία λεωφόρος πάροδος улица ул проспект пр переулок вулиця "
    "вул jalan jl jln"
)
"""Street words that stand before the name of the street."""

_LEFT_NAME = re.compile(
    rf"(?:(?:{CAP}|{_ORDINAL}|[{UPPER}]\.)[ \-]{{1,2}}(?:(?:de|du|des|la|le|del|of|the|van|von|den|der|und|am|im|an|da|do|dos|das|di)[ ]){{0,2}}){{1,4}}\Z"
)
_LEFT_ANY = re.compile(rf"(?:{ANY}[ ]){{1,3}}\Z")
_LEFT_NUMBERS = re.compile(rf"(?:(?<![\w.,/])(?<!\d[-])(?:{NUM})[ ,\n]{{1,3}}){{1,2}}\Z")
_RIGHT_NAME = re.compile(
    rf"\.?[ ](?:(?:de|du|des|la|le|les|del|della|dei|di|da|do|dos|das|los|las|el|l'|d')[ ]?){{0,2}}(?:{CAP}|\d{{1,2}}\.?)(?:[ ](?:(?:de|du|la|le|del|di|da|do|e|y|i)[ ])?{CAP}){{0,3}}"
)
_RIGHT_ANY = re.compile(rf"[ ]{ANY}(?:[ ]{ANY}){{0,2}}?(?:,?[ ]{NUM}(?![\w])|(?=[,\n.]|\Z))")
_RIGHT_NUMBER = re.compile(
    rf",?[ ](?:n[°ºo]\.?[ ]?|nr\.?[ ]?|no\.?[ ]?|č\.?p?\.?[ ]?|д\.[ ]?|№[ ]?)?({NUM})(?![\w,.]\d|\w|[%°])",
    re.IGNORECASE,
)
_CORNER = re.compile(r"(?:the )?corner of \Z", re.IGNORECASE)
_AND_LEFT = re.compile(
    rf"(?:{CAP}(?:[ ]{CAP}){{0,3}}(?:[ ]{NUM})?|{NUM}[ ]{CAP}(?:[ ]{CAP}){{0,3}})[ ](?:and|&|und|et|y|e|i)[ ]\Z"
)
_CUED = re.compile(
    rf"[ \n]{{0,3}}(?:(?:{NUM})[ ,]{{1,2}}){{0,2}}{CAP}(?:[ ](?:(?:de|la|le|del|di|da|do|und|and|of|the)[ ])?{CAP}){{0,3}}(?:,?[ ]{NUM}(?![\w]))?"
)
_NAME_BETWEEN = re.compile(
    rf"(?<![\w./-])\d{{1,5}}[ ]{CAP}(?:[ ]{CAP}){{0,2}}[ ]\d{{1,4}}(?![\w]|[.,:/-]\d)"
)


def addresses(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
    """Find street addresses, flats and boxes, with the town, code and country that follow."""
    spots = sorted(_seeds(reading, lexis))
    text = reading.text
    grown: list[tuple[int, int, float]] = []
    for start, end, score in spots:
        if grown and start < grown[-1][1]:
            if end > grown[-1][1]:
                last = grown[-1]
                grown[-1] = (last[0], tail(reading, lexis, end), max(last[2], score))
            continue
        stop = tail(reading, lexis, end)
        if grown and _near(text, grown[-1][1], start):
            last = grown[-1]
            grown[-1] = (last[0], stop, max(last[2], score, 0.7))
        else:
            whole = score if stop == end else max(score, min(0.8, score + 0.2))
            grown.append((start, stop, whole))
    for start, end, score in grown:
        end = _second_corner(text, start, end, lexis)
        yield Spot("ADDRESS", start, end, score, "address")


def _second_corner(text: str, start: int, end: int, lexis: Lexis) -> int:
    """Take in the other street of a corner."""
    if "corner of " not in text[start : start + 16]:
        return end
    other = _AND_RIGHT.match(text, end)
    return other.end() if other else end


_AND_RIGHT = re.compile(rf"[ ](?:and|&)[ ](?:{NUM}[ ])?{CAP}(?:[ ]{CAP}){{0,3}}(?:[ ]{NUM})?")


def _near(text: str, end: int, start: int) -> bool:
    separator = SEPARATOR.fullmatch(text, end, start)
    return separator is not None and start > end


def _seeds(reading: Reading, lexis: Lexis) -> Iterator[tuple[int, int, float]]:
    text, vocabulary = reading.text, reading.vocabulary
    if reading.clusters:
        yield from _with_numbers(reading, lexis)
    if "c" in vocabulary:
        for match in _CALLE.finditer(text):
            yield match.start(), match.end(), 0.75
    for word in vocabulary & _STRONG & lexis.streets:
        for at in reading.places_of(word):
            yield from _street(reading, at, at + len(word), word)
    for word in _compounds_of(lexis.street_ends).among(vocabulary):
        for at in reading.places_of(word):
            yield from _compound(reading, at, at + len(word), word, lexis)


def _with_numbers(reading: Reading, lexis: Lexis) -> Iterator[tuple[int, int, float]]:
    """Find what only a text with numbers holds: boxes, flats, numbered streets, cued places."""
    text, lowered, vocabulary = reading.text, reading.lowered, reading.vocabulary
    if vocabulary & _BOX_WORDS:
        for match in BOXED.finditer(text):
            value = match.group()
            sure = value[:2].lower() in ("p.", "po", "ps", "p ") or value.count(" ") > 2
            yield _numbers_left(text, match.start()), match.end(), 0.75 if sure else 0.35
    yield from _between(reading, lexis)
    yield from _numbered(reading, lexis)
    for word in vocabulary & lexis.units:
        for at in reading.places_of(word):
            yield from _unit(reading, at, at + len(word), word)
    for first in vocabulary & lexis.address_cues.keys():
        for cue in lexis.address_cues[first]:
            at = lowered.find(cue)
            while at >= 0:
                yield from _cued(reading, lexis, at + len(cue))
                at = lowered.find(cue, at + len(cue))


class _Compounds:
    """Tells which words end like a street (``Ziegelgasse``); remembers those that do not."""

    def __init__(self, ends: tuple[str, ...]) -> None:
        self._ends = ends
        self._others: set[str] = set()

    def among(self, vocabulary: frozenset[str]) -> list[str]:
        left = vocabulary - self._others
        if not left:
            return []
        found = [word for word in left if word.endswith(self._ends)]
        if len(self._others) > 65536:
            self._others = set()
        self._others.update(left.difference(found))
        return found


@functools.cache
def _compounds_of(ends: tuple[str, ...]) -> _Compounds:
    return _Compounds(ends)


_BOX_WORDS = words("box unit psc postbox postfach apartado casella cmr rr hc fpo apo dpo")


def _between(reading: Reading, lexis: Lexis) -> Iterator[tuple[int, int, float]]:
    """Find ``5366 Pivovarská 276``: a name between two numbers."""
    text = reading.text
    for cluster in reading.clusters:
        if cluster.end - cluster.start > 5 or text[cluster.end : cluster.end + 1] != " ":
            continue
        match = _NAME_BETWEEN.match(text, cluster.start)
        if match is not None and not _dated(match.group().lower(), lexis):
            yield match.start(), match.end(), 0.55


_CAPITALS = re.compile(rf"{CAP}\.?(?:[ ]{CAP}\.?){{0,4}}")


def _numbered(reading: Reading, lexis: Lexis) -> Iterator[tuple[int, int, float]]:
    """Find ``138 Consul Place``: a number, a name, and one of the many words for a street."""
    text = reading.text
    for cluster in reading.clusters:
        end = cluster.end
        if (
            end - cluster.start > 12
            or text[end : end + 1] != " "
            or not text[end + 1 : end + 2].isupper()
        ):
            continue
        match = _CAPITALS.match(text, end + 1)
        if match is None:
            continue
        names = match.group().lower().split(" ")
        if len(names) < 2 or names[0] in lexis.months:
            continue
        for size in range(len(names), 1, -1):
            if names[size - 1].rstrip(".") in lexis.streets:
                stop = end + 1 + len(" ".join(names[:size]))
                number = _RIGHT_NUMBER.match(text, stop)
                begin = _corner(text, _numbers_left(text, cluster.start))
                yield begin, number.end() if number else stop, 0.65
                break


_CALLE = re.compile(
    rf"(?<![\w])[Cc]/[ ]?{CAP}(?:[ ](?:(?:de|del|la|las|los|el)[ ]){{0,2}}{CAP}){{0,4}}(?:,?[ ](?:n[ºo°]?\.?[ ]?)?\d{{1,4}})?"
)


def _dated(text: str, lexis: Lexis) -> bool:
    return any(word in lexis.months for word in text.split())


_Seed = tuple[int, int, float]


def _street(reading: Reading, start: int, end: int, word: str) -> Iterator[_Seed]:
    """Read the name and number around a word for a street, on whichever side they are."""
    text = reading.text
    if text[end : end + 1] == "." and len(word) <= 5:
        end += 1
    if word in ("dr", "st") and text[end : end + 1] == " " and text[end + 1 : end + 2].isupper():
        return  # a doctor or a saint
    window = text[max(0, start - 70) : start]
    seed = _name_before(text, window, start, end, word)
    if seed is None and word in _BEFORE_NAME:
        seed = _name_after(text, start, end, word)
    if seed is None and text[start].islower() and _DIGIT.search(window):
        seed = _small_letters(text, window, start, end)
    if seed is not None:
        yield seed


def _name_before(text: str, window: str, start: int, end: int, word: str) -> _Seed | None:
    """Read ``3911 Fourth Avenue`` and ``Crown St``."""
    name = None if window.islower() else _LEFT_NAME.search(window)
    left = _without_common(name.group()) if name else ""
    if not left or (word in _BEFORE_NAME and len(word) <= 2):
        return None
    numbered = _numbers_left(text, start - len(left))
    number = _RIGHT_NUMBER.match(text, end)
    has_number = numbered < start - len(left) or number is not None
    if not has_number and not text[start].isupper():
        return None
    stop = number.end() if number else end
    return _corner(text, numbered), stop, 0.75 if has_number else 0.55


def _name_after(text: str, start: int, end: int, word: str) -> _Seed | None:
    """Read ``Calle Mayor 5`` and ``56 rue tachkent``."""
    begin = _numbers_left(text, start)
    right = _RIGHT_NAME.match(text, end - 1 if text[end - 1] == "." else end)
    if right is not None:
        number = _RIGHT_NUMBER.match(text, right.end())
        numbered = number is not None or begin < start
        if numbered or len(word) > 2:
            stop = number.end() if number else right.end()
            return _corner(text, begin), stop, 0.75 if numbered else 0.55
    small = _RIGHT_ANY.match(text, end) if begin < start else None
    return (begin, small.end(), 0.65) if small else None


def _small_letters(text: str, window: str, start: int, end: int) -> _Seed | None:
    """Read ``12 main street``."""
    name = _LEFT_ANY.search(window)
    for cut in _suffixes(name.group()) if name else ():
        numbered = _numbers_left(text, start - len(cut))
        if numbered < start - len(cut):
            return numbered, end, 0.65
    return None


def _suffixes(words: str) -> list[str]:
    parts = words.split(" ")[:-1]
    return [" ".join(parts[at:]) + " " for at in range(len(parts))]


def _without_common(name: str) -> str:
    """Drop the words of the sentence before the street's name (``Visit 12``, ``The``)."""
    words = name.split(" ")
    while len(words) > 2 and is_common(words[0]) and not words[0][0].isdigit():
        words = words[1:]
    if words[0].lower() in ("the", "a", "this", "that", "in", "at", "on", "main st"):
        return ""
    return " ".join(words)


def _numbers_left(text: str, start: int) -> int:
    window = text[max(0, start - 24) : start]
    match = _LEFT_NUMBERS.search(window)
    return start - len(match.group()) if match else start


def _corner(text: str, start: int) -> int:
    """Take in ``the corner of X and`` before an address, and ``X and`` alone at its start."""
    window = text[max(0, start - 80) : start]
    pair = _AND_LEFT.search(window)
    if pair is not None:
        begin = start - len(pair.group())
        corner = _CORNER.search(text[max(0, begin - 16) : begin])
        if corner is not None:
            return begin - len(corner.group())
        lead = text[max(0, begin - 4) : begin]
        if begin == 0 or lead.endswith(("\n", ": ", "at ", "on ")):
            return begin
    corner = _CORNER.search(text[max(0, start - 16) : start])
    return start - len(corner.group()) if corner else start


def _compound(
    reading: Reading, start: int, end: int, word: str, lexis: Lexis
) -> Iterator[tuple[int, int, float]]:
    text = reading.text
    stem = max(len(word) - len(ending) for ending in lexis.street_ends if word.endswith(ending))
    if stem < 3 or is_common(word):
        return
    number = _RIGHT_NUMBER.match(text, end)
    begin = _numbers_left(text, start)
    if number is None and begin == start:
        if text[start].isupper():
            yield start, end, 0.5
        return
    name = _LEFT_NAME.search(text[max(0, start - 40) : start]) if begin == start else None
    if name is not None and not is_common(name.group().split(" ")[0]):
        begin = start - len(name.group())
    yield _corner(text, begin), number.end() if number else end, 0.75


def _unit(reading: Reading, start: int, end: int, word: str) -> Iterator[tuple[int, int, float]]:
    text = reading.text
    number = UNIT_NUMBER.match(text, end)
    if number is None or (number.group(1).isalpha() and not text[start].isupper()):
        return
    before = text[max(0, start - 60) : start]
    stripped = before.rstrip(" ,\n")
    line = None
    if stripped[-1:].isalnum() or stripped[-1:] == ".":
        line = _before_unit(text, start - len(before) + len(stripped))
    sure = word in ("apt", "apartment", "suite", "ste", "appartement", "appt", "wohnung")
    if line is not None:
        yield line, number.end(), 0.75
    else:
        yield start, number.end(), 0.55 if sure else 0.3


_BEFORE_UNIT = re.compile(
    rf"(?:(?<![\w.,/])(?:{NUM})[ ,]{{1,2}}){{0,2}}(?:{CAP}[ ]){{1,4}}{NUM}\Z|(?:(?<![\w.,/])(?:{NUM})[ ]){{1,2}}(?:{ANY}[ ]){{1,3}}{NUM}\Z|(?:(?<![\w.,/])(?:{NUM})[ ]){{1,2}}{CAP}(?:[ ]{CAP}){{0,3}}\Z"
)


def _before_unit(text: str, end: int) -> int | None:
    """Return where the street begins that stands right before a flat's number."""
    window = text[max(0, end - 50) : end]
    match = _BEFORE_UNIT.search(window)
    return None if match is None else end - len(match.group())


def _cued(reading: Reading, lexis: Lexis, at: int) -> Iterator[tuple[int, int, float]]:
    text = reading.text
    match = _CUED.match(text, at)
    if match is None or match.end() == at or text[at : at + 1].isalnum():
        return
    value = match.group()
    start = at + len(value) - len(value.lstrip())
    words = [word for word in re.findall(ANY, value) if word[0].isupper()]
    numbered = any(char.isdigit() for char in value)
    unknown = not all(is_common(word) for word in words)
    if numbered and (unknown or value.strip()[0].isdigit()) and not _dated(value.lower(), lexis):
        yield start, match.end(), 0.65
