"""Runs of capitalised words: where names are looked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ai_catalyst.analysis.lexicon import name_lists
from ai_catalyst.analysis.sentences import Sentence, Unit
from ai_catalyst.analysis.words import without_addresses

__all__ = ["LINKS", "NAME_PARTICLES", "Runs", "Seen", "is_initials"]

NAME_PARTICLES = frozenset(
    "von van der den de del della di da do dos du la le zu ten ter al bin ibn".split()  # noqa: SIM905
)
_PARTICLES = NAME_PARTICLES | {"of", "for", "für", "on", "vom", "zur", "des", "dei", "&"}
_OF = frozenset(("of", "for", "für", "vom", "des", "de", "del", "della", "di", "du"))
_AND = frozenset(("and", "und", "et", "y", "e", "en", "the", "les"))
"""May join words only after one of `_OF`: Ministry of Labour and Social Affairs."""

LINKS = (_PARTICLES - NAME_PARTICLES) | _AND
"""Stand inside names of things, never inside those of people."""

_TOKEN = re.compile(
    r"(?:[ldnsjmtc]|qu|un|(?:de|ne|su|a|da)ll)[’'](?=\w)|(?:[^\W\d_]\.)+|[^\W\d_][\w]*(?:[’'\-&][^\W\d_]\w*)*\.?(?=\W|$)|&"
)
_GAP = re.compile(r"[ \u00a0]{1,2}")
_HELD = 20_000  # different runs kept; a text with more is no text people wrote
_LONGEST = 7

_Token = tuple[str, int, int]


@dataclass(slots=True)
class Seen:
    """How often a run was met, and whether the words beside it speak for a person."""

    count: int = 0
    titled: bool = False
    spoken: bool = False


@dataclass(slots=True)
class Runs:
    """All runs of a text in order of appearance, its single names, and its words in lower case."""

    found: dict[tuple[str, ...], Seen] = field(default_factory=dict)
    single: set[str] = field(default_factory=set)
    lower: set[str] = field(default_factory=set)

    def read(self, sentence: Sentence, stop: frozenset[str]) -> None:
        """Take the runs of one sentence; a heading in capitals has none."""
        text = without_addresses(sentence.text)
        if sentence.unit is Unit.HEADING and text == text.upper():
            return
        tokens = [(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(text)]
        self.lower.update(word for word, _, _ in tokens if word[0].islower())
        place = 0
        while place < len(tokens):
            if tokens[place][0][0].isupper():
                end = _run_end(tokens, place, text)
                self._take(tokens, place, end, stop)
                place = end
            else:
                place += 1

    def _take(self, tokens: list[_Token], start: int, end: int, stop: frozenset[str]) -> None:
        first, words = _trimmed([token[0] for token in tokens[start:end]], start, stop)
        if not words or len(words) > _LONGEST:
            return
        if len(words) == 1 and first > 0:
            self.single.add(words[0])
        if words not in self.found and len(self.found) >= _HELD:
            return
        seen = self.found.setdefault(words, Seen())
        before = tokens[first - 1][0].lower().rstrip(".") if first else ""
        after = tokens[end][0].lower() if end < len(tokens) else ""
        lists = name_lists()
        seen.count += 1
        seen.titled |= before in lists.titles
        seen.spoken |= after in lists.speech or before in lists.speech


def _run_end(tokens: list[_Token], start: int, text: str) -> int:
    """Return the index after the run that starts at `start`; particles may stand inside."""
    end = ahead = start + 1
    joined = False
    while ahead < len(tokens) and _GAP.fullmatch(text, tokens[ahead - 1][2], tokens[ahead][1]):
        word = tokens[ahead][0]
        if word[0].isupper() or word in name_lists().org_last:
            if _ends_sentence(tokens[ahead - 1][0]):
                break
            end = ahead + 1
        elif word in _OF:
            joined = True
        elif not (joined if word in _AND else word in _PARTICLES) or ahead - end >= 2:
            break
        ahead += 1
    return end


def _ends_sentence(word: str) -> bool:
    return word.endswith(".") and len(word) > 2 and word[:-1].lower() not in name_lists().titles


def _trimmed(words: list[str], first: int, stop: frozenset[str]) -> tuple[int, tuple[str, ...]]:
    """Drop grammar words at the front ("The", "In") and what dots and genitives leave."""
    while words and _leads(words[0], stop):
        words, first = words[1:], first + 1
    return first, tuple(map(_bare, words))


def _leads(word: str, stop: frozenset[str]) -> bool:
    grammar = word.lower().rstrip(".") in stop and not is_initials(word)
    return grammar or not word[0].isupper()


def _bare(word: str) -> str:
    word = word.removesuffix("'s").removesuffix("’s")
    return word if is_initials(word) else word.rstrip(".")


def is_initials(word: str) -> bool:
    """Whether a word is made of initials: ``J.``, ``U.S.``."""
    return word.endswith(".") and all(len(part) <= 1 for part in word.split("."))
