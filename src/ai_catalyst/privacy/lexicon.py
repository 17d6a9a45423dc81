"""What single words are: given names, surnames, places, common words. A weight, not a verdict.

The words themselves are not kept, only 24 bits of a hash of each beside 8 bits of what it is, in
an open-addressing table that is read as it is: there is nothing to parse and nothing to build.
"""

from __future__ import annotations

import functools
import unicodedata
from array import array
from collections.abc import Iterable, Mapping
from importlib import resources
from zlib import crc32

__all__ = ["COMMON", "FOREIGN", "GIVEN", "PLACE", "SURNAME", "encoded", "fold", "traits"]

GIVEN = 0b0000_0011
"""Mask of the weight (0 to 3) as a given name."""
SURNAME = 0b0000_1100
"""Mask of the weight (0 to 3, shifted by two) as a surname."""
PLACE = 0b0001_0000
"""A town or region of that name exists."""
COMMON = 0b0010_0000
"""A common English word, in one of its forms."""
FOREIGN = 0b0100_0000
"""A common word of another language we have a pack for."""


def fold(word: str) -> str:
    """Return a word in lower case without accents."""
    lowered = word.casefold()
    if lowered.isascii():
        return lowered
    plain = unicodedata.normalize("NFKD", lowered.translate(_LETTERS))
    return "".join(char for char in plain if not unicodedata.combining(char))


_LETTERS = str.maketrans(
    {"ł": "l", "đ": "d", "ø": "o", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)


def _hash(folded: str) -> int:
    return crc32(folded.encode())


def encoded(words: Mapping[str, int]) -> bytes:
    """Return the table of folded words and their traits, as `traits` reads it."""
    size = len(words) * 4 // 3 + 16
    slots = array("I", [0]) * size
    for word, bits in sorted(words.items()):
        hashed = _hash(word)
        at = hashed % size
        while slots[at]:
            at = (at + 1) % size
        slots[at] = (hashed >> 8) << 8 | bits
    return slots.tobytes()


@functools.cache
def _table() -> memoryview:
    data = resources.files("ai_catalyst.privacy").joinpath("data", "lexicon.bin").read_bytes()
    return memoryview(data).cast("I")


@functools.lru_cache(maxsize=16384)
def traits(word: str) -> int:
    """Return what a word is known as, as bits; 0 when it is unknown."""
    table = _table()
    hashed = _hash(fold(word))
    size = len(table)
    fingerprint = hashed >> 8
    at = hashed % size
    while entry := table[at]:
        if entry >> 8 == fingerprint:
            return entry & 0xFF
        at = (at + 1) % size
    return 0


def words_of(lines: Iterable[str]) -> Iterable[str]:
    """Yield the words of a list, comments left out."""
    for line in lines:
        if not line.startswith("#"):
            yield from line.split()
