"""Texts that are nearly the same: a sketch a text, and groups of sketches that agree.

One-permutation MinHash (Li, Owen and Zhang, NIPS 2012) with rotation for empty bins (Shrivastava
and Li, ICML 2014) over word 4-grams; candidates by bands (Leskovec, Rajaraman and Ullman, "Mining
of Massive Datasets", 3.4). Simhash separates near-duplicates from mere neighbours badly.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from zlib import crc32

__all__ = ["Groups", "alike", "sketch"]

BINS = 64
BANDS = 32
"""Two bins a band: a pair with similarity .5 is met with probability .9999."""
SHINGLE = 4
THRESHOLD = 0.5
_WORDS = 5_000
"""Words looked at; a longer text is known by its beginning."""
_WORD = re.compile(r"\w+")
_EMPTY = 0xFFFFFFFF
_FORM = struct.Struct(f"<{BINS}I")


def sketch(text: str) -> bytes:
    """Return 256 bytes that tell how much two texts share; empty for fewer than 4 words."""
    words = [
        found[0] for found, _ in zip(_WORD.finditer(text.lower()), range(_WORDS), strict=False)
    ]
    if len(words) < SHINGLE:
        return b""
    bins = [_EMPTY] * BINS
    for start in range(len(words) - SHINGLE + 1):
        code = crc32(" ".join(words[start : start + SHINGLE]).encode())
        code = (code * 0x9E3779B1) & 0xFFFFFFFF  # crc32 alone spreads its low bits unevenly
        place, value = code & (BINS - 1), code >> 6
        if value < bins[place]:
            bins[place] = value
    return _FORM.pack(*_filled(bins))


def _filled(bins: list[int]) -> list[int]:
    """Give each empty bin the value of the next full one, marked by how far it came."""
    filled = list(bins)
    for place in range(BINS):
        step = 0
        while bins[(place + step) % BINS] == _EMPTY:
            step += 1
        filled[place] = (bins[(place + step) % BINS] + step * 0x2545F491) & 0xFFFFFFFF
    return filled


def alike(one: bytes, other: bytes) -> float:
    """Return the estimated share of word 4-grams two texts have in common, 0 to 1."""
    if not one or not other:
        return 0.0
    pairs = zip(_FORM.unpack(one), _FORM.unpack(other), strict=True)
    return sum(1 for a, b in pairs if a == b) / BINS


class Groups:
    """Groups texts as their sketches come, each with the first text it is nearly the same as."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        """Call two texts nearly the same from this share of common word 4-grams on."""
        self._threshold = threshold
        self._bands: dict[tuple[int, bytes], list[int]] = {}
        self._sketches: dict[int, bytes] = {}
        self._first: dict[int, int] = {}

    def add(self, position: int, mark: bytes) -> int | None:
        """Take a text; return the position of the group's first, None when it is the first."""
        if not mark:
            return None
        width = len(mark) // BANDS
        keys = [(band, mark[band * width : (band + 1) * width]) for band in range(BANDS)]
        first = self._met(mark, (place for key in keys for place in self._bands.get(key, ())))
        if first is not None:
            self._first[position] = first
            return first
        self._sketches[position] = mark
        for key in keys:
            self._bands.setdefault(key, []).append(position)
        return None

    def _met(self, mark: bytes, candidates: Iterable[int]) -> int | None:
        for place in dict.fromkeys(candidates):
            if alike(mark, self._sketches[place]) >= self._threshold:
                return place
        return None

    @property
    def first_of(self) -> dict[int, int]:
        """Which text is nearly the same as which earlier one."""
        return self._first
