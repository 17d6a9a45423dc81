"""What somebody works as, where a text says that somebody does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.reading import Spot

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Reading

__all__ = ["occupations"]

_CUE_WORDS = words(
    "worked work works working employed practise practising practice post position career job trained "
    "profession occupation role appointed served serves serving retired"
)
_CUED = re.compile(
    r"(?:work(?:ed|s|ing)?|employed|engaged|practis(?:e|ing|ed)|practic(?:e|ing|ed)|trained|serv(?:ed|es|ing)|"
    r"career|job|post|position|role|appointed)(?: (?:as|of)(?: an?| the)?| to the post of)? "
    r"((?:[a-z][a-z-]+ ){0,3}[a-z][a-z-]+)(?=[ ,.;:)\n]|\Z)"
)
_LABELS = words(
    "occupation profession title job position role beruf métier profesión professione beroep"
)
_LABEL = re.compile(
    r"(?:^|\n)[ ]*(?:occupation|profession|job title|job|position|title|role|beruf|métier|profesión|professione|beroep)"
    r"[ ]*:[ ]*([^\n,;:|]{3,50})",
    re.IGNORECASE,
)


def occupations(reading: Reading, lexis: Lexis) -> Iterator[Spot]:
    """Find jobs after ``worked as a`` and the like, and after a label."""
    vocabulary = reading.vocabulary
    if vocabulary & lexis.occupations and vocabulary & _CUE_WORDS:
        for word in vocabulary & _CUE_WORDS:
            for at in reading.places_of(word):
                match = _CUED.match(reading.text, at)
                if match is not None:
                    yield from _up_to_the_job(match, lexis)
    if vocabulary & _LABELS:
        for match in _LABEL.finditer(reading.text):
            yield Spot("OCCUPATION", match.start(1), match.end(1), 0.55, "occupation-label")


def _up_to_the_job(match: re.Match[str], lexis: Lexis) -> Iterator[Spot]:
    end = match.start(1)
    found = 0
    for word in match.group(1).split(" "):
        end += len(word)
        if word in lexis.occupations or (word.endswith("s") and word[:-1] in lexis.occupations):
            found = end
        end += 1
    if found:
        yield Spot("OCCUPATION", match.start(1), found, 0.55, "occupation")
