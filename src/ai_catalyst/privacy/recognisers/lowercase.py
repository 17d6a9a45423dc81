"""Names that were written without capitals: after a cue, or from lists where a text has none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ai_catalyst.privacy.lexicon import COMMON, FOREIGN, GIVEN, SURNAME, traits
from ai_catalyst.privacy.locales.pack import words as words_of
from ai_catalyst.privacy.reading import Spot
from ai_catalyst.privacy.recognisers.places import gazetteer

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Reading
    from ai_catalyst.privacy.recognisers.runs import Style

__all__ = ["lower_case"]

_NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CUED = re.compile(
    r"(?:name(?: is|'s)|name[:=]|named|called|call me|follow up with|speak (?:to|with)|under)[ ]+"
    r"([^\W\d_]+(?:['’-][^\W\d_]+)*(?:[ ][^\W\d_]+(?:['’-][^\W\d_]+)*)?)"
)
_CUE_WORDS = words_of("name named called call follow speak")
_FORMS = words_of("inc ltd llc gmbh corp plc incorporated corporation")
_COMPANY = re.compile(
    r"(?<![\w.])(?:[^\W_][\w&'-]*[ ]){1,3}(?:inc|ltd|llc|gmbh|corp|plc|incorporated|corporation)(?!\w)\.?"
)
_AMBIGUOUS = words_of(
    "polish roman german catholic orthodox nordic baltic slavic indian american european "
    "asian african christian germanic celtic italian dane pole finn turk scot swede jew "
    "kiwi han dominican jersey moor lao central south new hindi tamil"
)
_WORD_PLACES = words_of("china chile turkey jersey jordan georgia chad mali niger guinea us")


def lower_case(reading: Reading, lexis: Lexis, style: Style) -> Iterator[Spot]:
    """Find names, places and nationalities in small letters."""
    words, text = reading.vocabulary, reading.text
    for word in words & _CUE_WORDS:
        for at in reading.places_of(word):
            match = _CUED.match(reading.lowered, at)
            spot = _cued(reading, match) if match else None
            if spot is not None:
                yield spot
    for word in (words & gazetteer().demonyms) - _AMBIGUOUS:
        if word in text:
            yield from _demonyms(reading, word)
    if style.lower:
        yield from _listed(reading)
        if words & _FORMS:
            for match in _COMPANY.finditer(reading.text):
                yield Spot("ORGANIZATION", match.start(), match.end(), 0.6, "org-lower")
        yield from _places(reading)


def _demonyms(reading: Reading, word: str) -> Iterator[Spot]:
    for at in reading.places_of(word):
        if reading.text[at].islower():
            yield Spot("NATIONALITY", at, at + len(word), 0.55, "demonym-lower")


def _cued(reading: Reading, match: re.Match[str]) -> Spot | None:
    text = reading.text
    start = match.start(1)
    if not text[start].islower():
        return None
    end = start
    for word in _NAME.finditer(text, start, match.end(1)):
        known = traits(word.group())
        if known & (COMMON | FOREIGN) and (known & GIVEN) < 2:
            break
        end = word.end()
    return Spot("NAME", start, end, 0.55, "name-lower-cue") if end > start else None


def _places(reading: Reading) -> Iterator[Spot]:
    phrases = gazetteer().phrases
    for word in reading.vocabulary & phrases.keys():
        for at in reading.places_of(word):
            if word in _WORD_PLACES and not reading.text[:at].endswith(("in ", "from ", "to ")):
                continue
            for rest in phrases[word]:
                phrase = " ".join((word, *rest))
                if reading.text.startswith(phrase, at):
                    yield Spot("PLACE", at, at + len(phrase), 0.55, "place-lower")
                    break


def _listed(reading: Reading) -> Iterator[Spot]:
    """Find given names, with the unknown words that follow, in a text without capitals."""
    start = end = weight = 0
    for word in _NAME.finditer(reading.text):
        value = word.group()
        near = weight and reading.text[end : word.start()] in (" ", ". ")
        if near and len(value) == 1:
            end = word.end()
            continue
        known = traits(value)
        if known & (COMMON | FOREIGN) or len(value) < 3:
            continue
        own = max(known & GIVEN, (known & SURNAME) >> 2)
        if near:
            end, weight = word.end(), weight + 1
            continue
        if weight >= 2:
            yield Spot("NAME", start, end, 0.52, "name-lower")
        start, end, weight = word.start(), word.end(), own if known & GIVEN else 0
    if weight >= 2:
        yield Spot("NAME", start, end, 0.52, "name-lower")
