"""How much a word says: a rare one says more, and of a long question the rare ones are enough.

The weight is bm25's: the logarithm of how many passages there are to one that has the word. FTS5
knows it itself, PostgreSQL's ranking does not. A word is counted once in a while, and no further
than it takes to know that it is common.
"""

from __future__ import annotations

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ai_catalyst.store.scripts import Driver

__all__ = ["Rarity", "begun", "has_one_like", "quoted", "weight_of"]

COMMON = 5000
"""So many passages are counted at most."""
KEPT_S = 600.0
KEPT = 20_000
RARE = 40
"""So many words are looked for: of a long question those that say most."""
TELLING = 0.1
"""A word in more than this share of many passages is left out when there are better ones."""
_MANY = 1000
LONG = 6
"""Letters of a word that may be mistyped and still be known by its beginning."""
BEGINNING = "*"
MISTYPED = 8
"""So many words of a question are taken for mistyped at most."""
_MOST_LETTERS = 40
_LETTERS = re.compile(r"[^\W\d_]+")
_ALIKE = 0.82
"""Of the letters of two words, the share that stands in both in the same order."""
_POSTGRES = """
SELECT word, CASE WHEN numnode(to_tsquery('english', word)) = 0 THEN -1 ELSE (
    SELECT count(*) FROM (
        SELECT 1 FROM passages WHERE search @@ to_tsquery('english', word) LIMIT ?
    ) AS found
) END FROM unnest(string_to_array(?, ' ')) AS word
"""
"""-1 is a word that PostgreSQL does not keep: a stop word of its own."""
_SQLITE = """
SELECT ?, (SELECT count(*) FROM (
    SELECT 1 FROM passages_search WHERE passages_search MATCH ? LIMIT ?
))
"""


def weight_of(found: int, total: int) -> float:
    """Return what a word weighs that ``found`` of ``total`` passages have; never below 0.05.

    The inverse document frequency of bm25 (Robertson and Sparck Jones).
    """
    return max(0.05, math.log(1 + (total - found + 0.5) / (found + 0.5)))


def quoted(word: str, *, postgres: bool) -> str:
    """Return a word as one that the database's query language takes for nothing else.

    A `BEGINNING` at its end stands for all that begins so.
    """
    start = word.removesuffix(BEGINNING)
    if postgres:
        text = "'" + start.replace("\\", "").replace("'", "''") + "'"
        return text if start == word else f"{text}:*"
    text = '"' + start.replace('"', '""') + '"'
    return text if start == word else f"{text}*"


def begun(words: Sequence[str]) -> list[str]:
    """Return the beginnings of long words: what is mistyped mostly begins as it should."""
    return [_beginning(word) + BEGINNING for word in words if len(word) >= LONG]


def has_one_like(text: str, words: Sequence[str]) -> bool:
    """Whether a text has a word that one of these is a mistyped form of, by its letters."""
    spelt = set(_LETTERS.findall(text.lower()))
    return any(
        _are_alike(word, other)
        for word in words
        if len(word) >= LONG
        for other in spelt
        if other.startswith(_beginning(word))
    )


def _are_alike(word: str, other: str) -> bool:
    if max(len(word), len(other)) > _MOST_LETTERS:
        return False
    pair = SequenceMatcher(None, word, other)
    return pair.ratio() >= _ALIKE  # catalyst: blocking(two words of at most forty letters)


def _beginning(word: str) -> str:
    return word[: max(4, len(word) // 2)]


class Rarity:
    """Knows how many passages of a database have a word."""

    def __init__(self, driver: Driver, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Use the driver."""
        self._driver = driver
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._total = 0
        self._until = float("-inf")

    async def of(self, words: Sequence[str]) -> dict[str, float]:
        """Return the weights of the words that say most, where any does. Raises `StoreError`."""
        now = self._clock()
        if now >= self._until:
            rows = await self._driver.rows("SELECT count(*) FROM passages")
            self._total, self._until = int(rows[0][0]), now + KEPT_S / 10
        await self._count([word for word in words if not self._is_known(word, now)], now)
        counts = {word: n for word in words if (n := self._known[word][1]) > 0}
        best = sorted(counts, key=lambda word: counts[word])[:RARE]
        if self._total > _MANY:
            telling = [word for word in best if counts[word] <= self._total * TELLING]
            best = telling or best[:1]
        # Words that no passage had a while ago may be in one now: they cost nothing.
        new = [word for word in words if self._known[word][1] == 0][:RARE]
        return {word: weight_of(counts.get(word, 0), self._total) for word in best + new}

    def unknown(self, words: Sequence[str]) -> list[str]:
        """Return the first words that no passage has, as `of` counted: mistyped, it may be."""
        missing = [word for word in words if word in self._known and self._known[word][1] == 0]
        return missing[:MISTYPED]

    def _is_known(self, word: str, now: float) -> bool:
        return word in self._known and self._known[word][0] > now

    async def _count(self, words: Sequence[str], now: float) -> None:
        if not words:
            return
        postgres = self._driver.postgres
        names = {quoted(word, postgres=postgres): word for word in words}
        if postgres:
            rows = await self._driver.rows(_POSTGRES, [COMMON, " ".join(names)])
        else:
            asked = [value for name in names for value in (name, _anywhere(name), COMMON)]
            rows = await self._driver.rows(" UNION ALL ".join([_SQLITE] * len(names)), asked)
        for name, count in rows:
            self._known[names[name]] = (now + KEPT_S, int(count))
        while len(self._known) > KEPT + len(words):
            self._known.popitem(last=False)


def _anywhere(name: str) -> str:
    return f"{{heading text}} : {name}"
