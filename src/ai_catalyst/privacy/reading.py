"""One reading of a text: the text as recognisers see it, and what they share about it."""

from __future__ import annotations

import re
from typing import NamedTuple

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


_HIDDEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u180e\u034f"
_LOOKALIKES = {
    **{0xFF01 + offset: chr(0x21 + offset) for offset in range(94)},  # full width
    **{base + digit: str(digit) for base in (0x660, 0x6F0, 0x966, 0x9E6) for digit in range(10)},
    **dict.fromkeys((0xA0, 0x2007, 0x2009, 0x202F, 0x3000), " "),
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2212), "-"),
    **dict.fromkeys((0x2018, 0x2019, 0x02BC), "'"),
    0x2024: ".",
    0xFE52: ".",
    0x2044: "/",
    0xFE6B: "@",
}
_CYRILLIC = str.maketrans("аеорсухіјѕԁһАВЕКМНОРСТУХІЈЅ", "aeopcyxijsdhABEKMHOPCTYXIJS")
_GREEK = str.maketrans("ονρΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ovpABEZHIKMNOPTYX")
_TRICKY = re.compile(f"[{_HIDDEN}{''.join(map(chr, _LOOKALIKES))}]")
_HIDDEN_RUN = re.compile(f"[{_HIDDEN}]+")
_MIXED = re.compile(r"[A-Za-z][\u0370-\u04ff]|[\u0370-\u04ff][A-Za-z]")
_MIXED_WORD = re.compile(
    r"[A-Za-z\u0370-\u04ff]*(?:[A-Za-z][\u0370-\u04ff]|[\u0370-\u04ff][A-Za-z])[A-Za-z\u0370-\u04ff]*"
)
_NINES = str.maketrans("012345678", "999999999")
_CLUSTER = re.compile(r"[+(]{0,2}\d+(?:[ .\-/:()\n\r]{1,3}\d+|,\d+)*")
_LONGEST = 120
"""Longer runs of digits are read piece by piece: nothing we know is longer."""


class Reading:
    """A text as recognisers see it.

    ``text`` is without invisible characters, with look-alikes of ASCII turned into it; `place`
    gives the offsets in the original back. What several recognisers need is made once.
    """

    __slots__ = ("_clusters", "_lowered", "_origin", "original", "text")

    def __init__(self, original: str) -> None:
        """Read a text."""
        self.original = original
        self._origin: list[int] | None = None
        self.text = original if original.isascii() else self._plain(original)
        self._clusters: list[Cluster] | None = None
        self._lowered: str | None = None

    def _plain(self, text: str) -> str:
        if _TRICKY.search(text):
            text = text.translate(_LOOKALIKES)
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

    def words_before(self, start: int, span: int = 48) -> list[str]:
        """Return the words in the ``span`` characters before, lower case, the nearest last."""
        return _WORDS.findall(self.lowered, max(0, start - span), start)


_WORDS = re.compile(r"[^\W_]+[°º]?(?:['’./-][^\W_]+)*|[#№§$€£¥@]")


def _clusters(text: str) -> list[Cluster]:
    found = []
    for match in _CLUSTER.finditer(text):
        start, end = match.span()
        if end - start <= _LONGEST:
            found.append(Cluster(start, end, match.group().translate(_NINES)))
            continue
        for piece in _pieces(text, start, end):
            found.append(Cluster(*piece, text[slice(*piece)].translate(_NINES)))
    return found


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


def _latin(match: re.Match[str]) -> str:
    word = match.group()
    latin = sum("a" <= char.lower() <= "z" for char in word)
    return word.translate(_CYRILLIC).translate(_GREEK) if latin * 2 >= len(word) else word


def _lower_kept(text: str) -> str:
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)
