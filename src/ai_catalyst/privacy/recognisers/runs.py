"""Runs of words with a capital: the candidates for names, with what stands around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ai_catalyst.privacy.lexicon import COMMON, FOREIGN
from ai_catalyst.privacy.recognisers.letters import CAP, CAP_REST, UPPER
from ai_catalyst.privacy.recognisers.wordbook import (
    DEMONYM,
    GIVEN,
    NEVER,
    PLACE_HEAD,
    SURNAME,
    TITLE,
)

if TYPE_CHECKING:
    from ai_catalyst.privacy.locales import Lexis
    from ai_catalyst.privacy.reading import Reading
    from ai_catalyst.privacy.recognisers.wordbook import WordBook

__all__ = ["PART", "Run", "Style", "Word", "runs"]

_ABBREVIATIONS = (
    "Mr|Mrs|Ms|Mx|Dr|Prof|St|Rev|Hon|Capt|Gen|Sen|Rep|Gov|Lt|Col|Sgt|Maj|Jr|Sr|Inc|Ltd|Co|Corp|Bros|"
    "Sig|Dott|Avv|Ing|Hr|Fr|Mme|Mlle|Sra|Srta|Dra|Dhr|Mevr|Dipl|Mag|Univ|Dept"
)
_INITIALS = rf"[{UPPER}]\.(?:[ ]?-?[{UPPER}]\.)*"
_W = rf"(?:(?:{_ABBREVIATIONS})\.|{_INITIALS}|{CAP})"
_LINK = (
    r"(?:(?:of|de|da|do|dos|das|di|del|della|van|von|vom|zu|zum|zur|der|den|ter|ten|te|bin|ibn|al|el|la|"
    r"le|du|des|dem|af|av|for|and|&|y|e|und|et|en|i|at)[ ](?:(?:the|la|las|los|der|den|de|het|l')[ ])?){0,2}"
)
_FIRST_W = (
    rf"[{UPPER}](?<![\w&].)(?:(?<=[MDPSRHCGLJIBFUHmd])(?:{'|'.join(sorted({a[1:] for a in _ABBREVIATIONS.split('|')}, key=len, reverse=True))})\.|"
    rf"\.(?:[ ]?-?[{UPPER}]\.)*|{CAP_REST})"
)
"""A first word: written so that its first character is a set, which is looked for fastest."""
_RUN = re.compile(
    rf"{_FIRST_W}(?:(?:(?:['’]s|(?<=s)['’])?[ ]{{1,2}}|/(?=[{UPPER}])|(?<=\.)|[ ]?[&][ ]?){_LINK}{_W}){{0,11}}"
)
PART = re.compile(rf"(?:{_ABBREVIATIONS})\.|{_INITIALS}|{CAP}|[^\W\d_]+(?:['’\-‑][^\W\d_]+)*|&")
"""One word of a run."""
_AFTER = re.compile(r"[ ]([^\W\d_]+)")
_LABEL = re.compile(r"([^\W\d_]+(?:[ _-][^\W\d_]+)?)[ ]?[:=]{1,2}>?[ \n]{0,2}[\"'“]?\Z")
_MARKS = ".,;:!?\"'“”‘’«»()[]{}<>*–—…"
_OPENING = " \"'“”‘’«„([*-–—_>|\t"
_CAPITALS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SMALL = _CAPITALS.lower()
_NO_WORDS: frozenset[str] = frozenset()
_BETRAYING = GIVEN | SURNAME | TITLE | DEMONYM | PLACE_HEAD


class Word(NamedTuple):
    """One word of a run: as written, in lower case, where, and what it is (see `wordbook`)."""

    text: str
    low: str
    start: int
    end: int
    bits: int


class Style:
    """How a text is written: all capitals, none at all, English, or nouns with a capital.

    ``ordinary`` is the mask of bits that make a word an ordinary one here.
    """

    __slots__ = ("english", "key", "lower", "nouns", "ordinary", "upper")

    def __init__(self, reading: Reading, lexis: Lexis) -> None:
        """Read the style off the words and letters of a text."""
        words = reading.vocabulary
        english = len(words & lexis.languages.get("en", _NO_WORDS))
        best, most = "en", english
        if english * 4 < len(words):
            for code, own in lexis.languages.items():
                hits = len(words & own)
                if hits > most:
                    best, most = code, hits
        sure = most > 1
        self.english = not sure or best == "en"
        self.ordinary = COMMON if sure and self.english else COMMON | FOREIGN
        self.nouns = sure and best in lexis.noun_languages
        plain = reading.text[:2000].encode("utf-8", "replace")
        capitals = len(plain) - len(plain.translate(None, _CAPITALS))
        letters = capitals + len(plain) - len(plain.translate(None, _SMALL)) or 1
        self.upper = capitals > 0.6 * letters and letters > 12
        self.lower = capitals <= 0.012 * letters
        self.key = (self.english, self.ordinary, self.nouns, self.upper)


class Run:
    """Words with a capital that stand together; what is around them is read when asked for."""

    __slots__ = ("_after", "_before", "_first", "_label", "end", "reading", "start", "words")

    def __init__(self, reading: Reading, words: list[Word]) -> None:
        """Hold words and the reading they are of."""
        self.reading = reading
        self.words = words
        self.start, self.end = words[0].start, words[-1].end
        self._first: bool | None = None
        self._before: list[str] | None = None
        self._label: str | None = None
        self._after: str | None = None

    @property
    def asked(self) -> bool:
        """Whether anything around the run was asked for."""
        around = (self._first, self._before, self._label, self._after)
        return any(one is not None for one in around)

    @property
    def first(self) -> bool:
        """Whether the run begins a sentence."""
        if self._first is None:
            text, at = self.reading.text, self.start - 1
            while at >= 0 and self.start - at < 6 and text[at] in _OPENING:
                at -= 1
            self._first = at < 0 or text[at] in ".!?:;\n\r…•¿¡"
        return self._first

    @property
    def before(self) -> list[str]:
        """The words before, in lower case, the nearest last."""
        if self._before is None:
            start = self.start
            lead = self.reading.lowered[start - 40 if start > 40 else 0 : start]
            self._before = [word.strip(_MARKS) for word in lead.split()[-5:]]
            while self._before and not self._before[-1]:
                self._before.pop()
        return self._before

    @property
    def label(self) -> str:
        """The words before a colon or equals sign right before the run, in lower case."""
        if self._label is None:
            text, at = self.reading.text, self.start - 1
            while at >= 0 and text[at] in " \n\"'“>":
                at -= 1
            match = None
            if at > 0 and text[at] in ":=":
                match = _LABEL.search(self.reading.lowered[max(0, at - 40) : self.start])
            self._label = match.group(1) if match else ""
        return self._label

    @property
    def after(self) -> str:
        """The word after, in lower case, when only a blank is between."""
        if self._after is None:
            match = _AFTER.match(self.reading.lowered, self.end)
            self._after = match.group(1) if match else ""
        return self._after

    @property
    def label_after(self) -> bool:
        """Whether a colon follows, as after a speaker's name."""
        return self.reading.text.startswith(":", self.end)


def runs(reading: Reading, book: WordBook, style: Style) -> Iterator[Run]:
    """Yield the runs of a text; single ordinary words are left out at once."""
    text, ordinary = reading.text, style.ordinary
    for match in _RUN.finditer(text):
        value = match.group()
        start, end = match.span()
        if value.isalpha() or (" " not in value and "." not in value and "/" not in value):
            low, bits = book[value]
            if bits & NEVER or (bits & ordinary and not bits & _BETRAYING):
                continue
            if text.startswith(("'t", "’t"), end):  # Don't, Can't
                continue
            yield Run(reading, [Word(value, low, start, end, bits)])
            continue
        words = []
        for part in PART.finditer(value):
            low, bits = book[part.group()]
            words.append(Word(part.group(), low, start + part.start(), start + part.end(), bits))
        yield Run(reading, words)
