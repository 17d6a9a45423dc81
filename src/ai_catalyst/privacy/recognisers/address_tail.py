"""What follows a street in an address: flat, town, region, code, country."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai_catalyst.privacy.recognisers.letters import CAP, is_common
from ai_catalyst.privacy.recognisers.places import gazetteer

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Reading

__all__ = ["ANY", "BOXED", "NUM", "SEPARATOR", "UNIT_NUMBER", "WORD", "tail"]

WORD = re.compile(r"[^\W\d_]+(?:['’/-][^\W\d_]+)*")
NUM = r"\d{1,5}(?:[ -]?[A-Za-z](?![\w]))?(?:[-/]\d{1,4}[A-Za-z]?)?"
ANY = r"[^\W\d_]+(?:['’.\-][^\W\d_]+)*"
UNIT_NUMBER = re.compile(
    r"(?:\.|:)?[ ]?(?:no\.?|nr\.?|number|#)?[ ]?#?((?:[A-Za-z]-?)?\d{1,5}[A-Za-z]?|[A-Z](?![\w'’]))(?!\w)",
    re.IGNORECASE,
)
SEPARATOR = re.compile(
    r"(?:[ ]{0,4}(?:,|\r?\n|(?:nan|null|none|n/a)(?=[ ,\n]))){0,5}[ ]{0,8}", re.IGNORECASE
)
"""What may stand between the parts of an address; exports of tables leave their own ``nan`` in it."""
BOXED = re.compile(
    r"(?:P\.?[ ]?O\.?[ ]?Box|PSC|Postbox|Postfach|Apartado|Casella postale|Post Office Box|Box|Unit|CMR|RR|HC)[ .#]{0,3}\d{1,6}(?:[ ,]{1,3}(?:Box|Bldg|Apt\.?|Suite)[ #]?\d{1,6})?(?:[ ,\n]{1,4}(?:DPO|APO|FPO)[ ,]{1,2}(?:AA|AE|AP)[ ]\d{5})?|[A-Z]{3,6}[ ][^\W\d_]+\n(?:DPO|APO|FPO)[ ,]{1,2}(?:AA|AE|AP)[ ]\d{5}",
    re.IGNORECASE,
)
_CITY = re.compile(
    rf"(?:St\.? |Sankt )?{CAP}(?:(?:[ ]|[ ]?/[ ]?)(?:(?:de|la|le|les|del|di|da|do|am|an|im|in|der|dem|ob|nad|upon|on|sur|van|el|los|las|of|en|na|pri|u)[ ]){{0,2}}{CAP}){{0,3}}"
)
_CITY_ANY = re.compile(rf"{ANY}(?:[ ]{ANY}){{0,3}}")
_STATE_ZIP = re.compile(
    r"[ \n]{0,2},?[ ]{0,2}\n?[ ]{0,4}(?:(?:[A-Za-z]{2,3}|nan)\.?,?[ \n]{1,4})?"
    r"(\d{5}-\d{3,4}|\d{2}-\d{3}|\d{3}[ ]\d{2}|\d{4}[ ]?[A-Z]{2}|\d{3,6}|[A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2}|[A-Z]\d[A-Z][ ]?\d[A-Z]\d)(?![\w]|[.,]\d)"
)
_STATE = re.compile(r",[ ]([A-Z]{2})(?![\w])")
_ZIP_CITY = re.compile(
    rf"(?:[A-Z]{{1,2}}-)?(?:\d{{5}}-\d{{3}}|\d{{2}}-\d{{3}}|\d{{3}}[ ]\d{{2}}|\d{{4}}[ ]?[A-Z]{{2}}|\d{{4,6}})[ ]{CAP}(?:[ -]{CAP}){{0,2}}"
)
_ZIP = re.compile(r"[ \n]{1,4}(\d{5}-\d{4}|\d{3,6})(?![\w]|[.,:]\d)")
_CODED_LINE = re.compile(rf"(?:{CAP}(?:[ ]{CAP}){{0,2}}[ ])?\d{{4,6}}(?=[.\n]|\Z)")
"""The last line of an address: a country or town with its code, or the code alone."""
_IN_BRACKETS = re.compile(r"[ ]\([^\W\d_]{2,20}\)")


def tail(reading: Reading, lexis: Lexis, end: int) -> int:
    """Follow an address to its flat, town, region, code and country."""
    for _ in range(8):
        step = _step(reading, lexis, end)
        if step == end:
            return end
        end = step
    return end


def _step(reading: Reading, lexis: Lexis, end: int) -> int:
    text = reading.text
    separator = SEPARATOR.match(text, end)
    at = separator.end() if separator else end
    if at == end or at >= len(text):
        return end
    if "\n" in text[end:at] and text.count("\n", end, at) < 4:
        coded = _CODED_LINE.match(text, at)
        if coded is not None:
            return coded.end()
    break_ = ("," in text[end:at] or "\n" in text[end:at]) and text.count("\n", end, at) < 2
    unit = _unit_at(reading, lexis, at)
    if unit is not None:
        return unit
    country = _country_at(reading, at)
    if country is not None:
        return _country_tail(text, country)
    spelled = _town_and_country(reading, at)
    if spelled is not None:
        return spelled
    coded = _ZIP_CITY.match(text, at)
    if coded is not None and break_:
        return coded.end()
    return _town(reading, at, end, break_)


def _country_follows(reading: Reading, end: int) -> bool:
    separator = SEPARATOR.match(reading.text, end)
    return separator is not None and _country_at(reading, separator.end()) is not None


def _country_tail(text: str, end: int) -> int:
    bracket = _IN_BRACKETS.match(text, end)
    end = bracket.end() if bracket else end
    zip_code = _ZIP.match(text, end)
    return zip_code.end() if zip_code else end


def _town_and_country(reading: Reading, at: int) -> int | None:
    """Follow ``Milford New Zealand``: a town of up to four words, then a country, with blanks only."""
    stop = at
    for _ in range(5):
        word = WORD.match(reading.text, stop)
        if word is None:
            return None
        stop = word.end()
        if reading.text[stop : stop + 1] not in (" ", ","):
            return None
        stop += 1 + (reading.text[stop : stop + 2] == ", ")
        country = _country_at(reading, stop)
        if country is not None:
            return _country_tail(reading.text, country)
    return None


def _unit_at(reading: Reading, lexis: Lexis, at: int) -> int | None:
    word = WORD.match(reading.lowered, at)
    if word is None or word.group() not in lexis.units:
        boxed = BOXED.match(reading.text, at)
        return boxed.end() if boxed else None
    number = UNIT_NUMBER.match(reading.text, word.end())
    return number.end() if number else None


def _country_at(reading: Reading, at: int) -> int | None:
    names = gazetteer()
    first = WORD.match(reading.lowered, at)
    if first is None:
        return None
    for rest in names.phrases.get(first.group(), ()):
        name = " ".join((first.group(), *rest))
        end = at + len(name)
        whole = reading.lowered.startswith(name, at) and not reading.text[end : end + 1].isalnum()
        if whole and name in names.countries:
            return end
    return None


def _town(reading: Reading, at: int, end: int, break_: bool) -> int:
    text = reading.text
    city = _CITY.match(text, at)
    if city is None:
        lower = _CITY_ANY.match(text, at)
        coded = _STATE_ZIP.match(text, lower.end()) if lower else None
        return coded.end() if coded and break_ and _has_letters(coded.group()) else end
    stop = city.end()
    coded = _STATE_ZIP.match(text, stop)
    if coded is not None and (break_ or _has_letters(coded.group())):
        return coded.end()
    if not break_:
        return end
    bracket = _IN_BRACKETS.match(text, stop)
    stop = bracket.end() if bracket else stop
    state = _STATE.match(text, stop)
    words = city.group().split()
    if state is not None:
        return state.end()
    if is_common(words[0]) and not city.group().isupper():
        return stop if len(words) < 4 and _country_follows(reading, stop) else end
    while len(words) > 1 and is_common(words[-1]):
        words.pop()
    if bracket and len(words) == len(city.group().split()):
        return stop
    return at + len(" ".join(words)) if len(words) < 4 else end


def _has_letters(text: str) -> bool:
    return any(char.isalpha() for char in text)
