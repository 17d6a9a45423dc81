"""One reading of a text: the text as recognisers see it, and what they share about it."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Cluster", "Reading", "Spot"]


class Spot(NamedTuple):
    """A finding before it is one: offsets in the text as it is read."""

    kind: str
    start: int
    end: int
    score: float
    recogniser: str


class Cluster(NamedTuple):
    """A run of digits with the separators inside it, and its signature (each digit a ``9``)."""

    start: int
    end: int
    signature: str


_HIDDEN = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\u202a\u202b"
    "\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u180e\u034f"
)
_LOOKALIKES = {
    **{0xFF01 + offset: chr(0x21 + offset) for offset in range(94)},  # full width
    **{base + digit: str(digit) for base in (0x660, 0x6F0, 0x966, 0x9E6) for digit in range(10)},
    0x3000: " ",
    0x2024: ".",
    0xFE52: ".",
    0x2044: "/",
    0xFE6B: "@",
}
_CYRILLIC = str.maketrans("аеорсухіјѕԁһАВЕКМНОРСТУХІЈЅ", "aeopcyxijsdhABEKMHOPCTYXIJS")
_GREEK = str.maketrans("ονρΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ovpABEZHIKMNOPTYX")
_LOOKALIKE = re.compile(f"[{''.join(map(chr, _LOOKALIKES))}]")
_NOTABLE = re.compile(f"[{_HIDDEN}{''.join(map(chr, _LOOKALIKES))}\u0370-\u04ff]")
"""What makes a second look worth it: the hidden, the look-alike, Greek and Cyrillic."""
_HIDDEN_RUN = re.compile(f"[{_HIDDEN}]+")
_MIXED = re.compile(r"[A-Za-z][\u0370-\u04ff]|[\u0370-\u04ff][A-Za-z]")
_MIXED_WORD = re.compile(
    r"[A-Za-z\u0370-\u04ff]*(?:[A-Za-z][\u0370-\u04ff]|"
    r"[\u0370-\u04ff][A-Za-z])[A-Za-z\u0370-\u04ff]*"
)
_NINES = str.maketrans(
    "012345678\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2212", "999999999    -----"
)
_CLUSTER = re.compile(
    r"[0-9]+(?:[ .\-/:()\n\r\u00a0\u2007\u2009\u202f\u2010-\u2013\u2212]{1,3}[0-9]+|,[0-9]+)*"
)
_LONG = re.compile(r"[0-9][0-9 .\-/:()\n\r,\u00a0\u2007\u2009\u202f\u2010-\u2013\u2212]{5,}")
_LONGEST = 120
"""Longer runs of digits are read piece by piece: nothing we know is longer."""


class Reading:
    """A text as recognisers see it.

    ``text`` is without invisible characters, with look-alikes of ASCII turned into it; `place`
    gives the offsets in the original back. What several recognisers need is made once.
    """

    __slots__ = (
        "_clusters",
        "_cues",
        "_long",
        "_lowered",
        "_mixed",
        "_origin",
        "_vocabulary",
        "original",
        "settled",
        "text",
    )

    def __init__(self, original: str) -> None:
        """Read a text."""
        self.original = original
        self._origin: list[int] | None = None
        self.text = original if original.isascii() else self._plain(original)
        self._clusters: list[Cluster] | None = None
        self._long: list[Cluster] | None = None
        self._mixed: bool | None = None
        self._lowered: str | None = None
        self._vocabulary: frozenset[str] | None = None
        self._cues: dict[tuple[int, int], frozenset[str]] = {}
        self.settled: set[int] = set()
        """Where runs of digits begin that are surely known already."""

    def _plain(self, text: str) -> str:
        if _latin1(text):
            if "\u00ad" not in text:
                return text
        elif not _NOTABLE.search(text):
            return text
        if _LOOKALIKE.search(text):
            text = _LOOKALIKE.sub(_plain_char, text)
        if _HIDDEN_RUN.search(text):
            self._origin = [at for at, char in enumerate(text) if char not in _HIDDEN]
            text = _HIDDEN_RUN.sub("", text)
        if _MIXED.search(text):
            text = _MIXED_WORD.sub(_latin, text)
        return text

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return offsets in the original for offsets in ``text``."""
        if self._origin is None:
            return start, end
        return self._origin[start], self._origin[end - 1] + 1

    @property
    def lowered(self) -> str:
        """The text in lower case, of the same length (where that is not so: as it is)."""
        if self._lowered is None:
            lowered = self.text.lower()
            self._lowered = lowered if len(lowered) == len(self.text) else _lower_kept(self.text)
        return self._lowered

    @property
    def clusters(self) -> list[Cluster]:
        """The runs of digits, in order."""
        if self._clusters is None:
            self._clusters = list(_clusters(self.text))
        return self._clusters

    @property
    def long_clusters(self) -> list[Cluster]:
        """The runs of at least six characters: shorter ones are no card, phone or account."""
        if self._long is None:
            if self._clusters is not None:
                self._long = [
                    cluster for cluster in self._clusters if cluster.end - cluster.start > 5
                ]
            else:
                self._long = [
                    cluster
                    for match in _LONG.finditer(self.text)
                    for cluster in _clusters(self.text, *match.span())
                    if cluster.end - cluster.start > 5
                ]
        return self._long

    @property
    def mixed(self) -> bool:
        """Whether a digit and a letter touch anywhere, as in keys and codes."""
        if self._mixed is None:
            text = self.text
            self._mixed = any(
                (
                    cluster.start
                    and (text[cluster.start - 1].isalpha() or text[cluster.start - 1] == "_")
                )
                or text[cluster.end : cluster.end + 1].isalpha()
                for cluster in self.clusters
            )
        return self._mixed

    @property
    def vocabulary(self) -> frozenset[str]:
        """Every word of the text once, in lower case: what is not in it need not be looked for."""
        if self._vocabulary is None:
            lowered = self.lowered
            if lowered.isascii():
                self._vocabulary = frozenset(lowered.translate(_LETTERS_ALONE).split())
            elif len(lowered) < 400:
                self._vocabulary = frozenset(_LETTERS.findall(lowered))
            else:
                for char in _INSIDE_WORDS:
                    lowered = lowered.replace(char, " ")
                self._vocabulary = frozenset(
                    word.strip(_AROUND_WORDS) for word in set(lowered.split())
                )
        return self._vocabulary

    def places_of(self, word: str) -> Iterator[int]:
        """Yield where a word of letters stands alone, whatever its case."""
        lowered, size = self.lowered, len(word)
        at = lowered.find(word)
        while at >= 0:
            end = at + size
            before = at and lowered[at - 1].isalpha()
            if not before and not (end < len(lowered) and lowered[end].isalpha()):
                yield at
            at = lowered.find(word, end)

    def cues_before(
        self, cues: Mapping[str, frozenset[str]], start: int, span: int = 48
    ) -> frozenset[str]:
        """Return which lists of cue words have one in the ``span`` characters before a place."""
        known = self._cues.get((start, span))
        if known is None:
            known = self._cues[start, span] = _cues(cues, self.words_before(start, span))
        return known

    def words_before(self, start: int, span: int = 48) -> list[str]:
        """Return the words in the ``span`` characters before, lower case, the nearest last."""
        return _WORDS.findall(self.lowered, max(0, start - span), start)


def _cues(cues: Mapping[str, frozenset[str]], words: list[str]) -> frozenset[str]:
    found = _NO_CUES
    heads = _heads(cues)
    pair = before = ""
    for word in words:
        if word in cues:
            found |= cues[word]
        if pair:
            found |= cues.get(f"{pair} {word}", _NO_CUES)
        pair = ""
        if before in heads:
            pair = f"{before} {word}"
            found |= cues.get(pair, _NO_CUES)
        before = word
    return found


_NO_CUES: frozenset[str] = frozenset()
_heads_of: dict[int, tuple[Mapping[str, frozenset[str]], frozenset[str]]] = {}


def _heads(cues: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the first words of cues of several words."""
    known = _heads_of.get(id(cues))
    if known is None:
        heads = frozenset(phrase.split(" ")[0] for phrase in cues if " " in phrase)
        known = _heads_of[id(cues)] = (cues, heads)  # held, so that its id stays its own
    return known[1]


_LETTERS_ALONE = {code: chr(code) if chr(code).isalpha() else " " for code in range(128)}
_LETTERS = re.compile(r"[^\W\d_]+")
_INSIDE_WORDS = ".-/’',:_="
_AROUND_WORDS = ';!?()[]{}<>"|+*&%#@~`“”„‘«»–—…\\0123456789'
_WORDS = re.compile(r"[^\W_]+[°º]?(?:['’./-][^\W_]+)*|[#№§$€£¥@]")


def _clusters(text: str, begin: int = 0, stop: int = sys.maxsize) -> list[Cluster]:
    found = []
    for match in _CLUSTER.finditer(text, begin, stop):
        start, end = match.span()
        if end - start > _LONGEST:
            found += [
                Cluster(*piece, text[slice(*piece)].translate(_NINES))
                for piece in _pieces(text, start, end)
            ]
            continue
        signature = (
            _NINED[end - start] if match.group().isdigit() else match.group().translate(_NINES)
        )
        if start and text[start - 1] in "+(":
            first = start - (2 if text[max(0, start - 2) : start] in ("(+", "+(") else 1)
            signature = text[first:start] + signature
            start = first
        found.append(Cluster(start, end, signature))
    return found


_NINED = ["9" * size for size in range(_LONGEST + 1)]


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut a long run at blanks, and whatever has none in pieces of the greatest length."""
    cut = []
    while end - start > _LONGEST:
        blank = max(
            text.rfind(" ", start, start + _LONGEST), text.rfind("\n", start, start + _LONGEST)
        )
        stop = blank if blank > start else start + _LONGEST
        cut.append((start, stop))
        start = stop + (1 if blank > start else 0)
    return [*cut, (start, end)] if start < end else cut


def _latin1(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _plain_char(match: re.Match[str]) -> str:
    return _LOOKALIKES[ord(match.group())]


def _latin(match: re.Match[str]) -> str:
    word = match.group()
    latin = sum("a" <= char.lower() <= "z" for char in word)
    return word.translate(_CYRILLIC).translate(_GREEK) if latin * 2 >= len(word) else word


def _lower_kept(text: str) -> str:
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)
