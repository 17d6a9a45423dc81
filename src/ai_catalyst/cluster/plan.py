"""From sources to shards: lazily, in order, each about as long as a shard should take."""

from __future__ import annotations

import asyncio
import math
import os
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from ai_catalyst.documents.locating import Locator, expand
from ai_catalyst.errors import UserError

__all__ = ["Pace", "Plan"]

TARGET_S = 90.0
"""How long a shard should take: long enough that a call costs nothing, short enough to lose."""
GROWTH = 4
"""The next shard is at most so many times the last: a guess from few documents may be wrong."""
SHARE = 2
"""Near the end a shard is this fraction of what each hand would have left: all end together."""
MOST = 16_384
"""Sources of one shard at the most, however quick they are."""
AHEAD = 20_000
"""Sources that are looked up ahead, to know whether the end is near."""


class Pace:
    """How many sources the next shard gets, from how long the ones before took.

    ``first`` is the smallest shard, and the size of the first ones; ``hands`` is how many shards
    are in work at once.
    """

    def __init__(self, first: int, hands: int) -> None:
        """Know nothing yet."""
        self._first = max(1, first)
        self._hands = max(1, hands)
        self._most = self._first
        self._per_s: float | None = None

    def heard(self, count: int, seconds: float) -> None:
        """Learn that ``count`` sources took one hand so long."""
        per_s = count / max(seconds, 0.001)
        # The slower of the two kinds counts at once, the quicker by and by.
        known = per_s if self._per_s is None else min(per_s, (self._per_s + per_s) / 2)
        self._per_s = known
        if count >= self._most:
            self._most *= GROWTH

    def size(self, left: int | None) -> int:
        """Return the next shard's number of sources; ``left`` is what is left, when it is known."""
        wanted = self._first if self._per_s is None else self._per_s * TARGET_S
        size = min(wanted, self._most, MOST)
        if left is not None:
            size = min(size, left / (SHARE * self._hands))
        return max(self._first, math.ceil(size))


class Plan:
    """The places that arguments name, numbered in source order and handed out in pieces."""

    def __init__(self, arguments: Iterable[str | os.PathLike[str] | Locator]) -> None:
        """Look at nothing yet. Raises `UserError` for standard input, which one process has."""
        listed = list(arguments)
        if any(str(argument) == "-" for argument in listed if not isinstance(argument, Locator)):
            raise UserError(
                "standard input cannot be read by many machines: write it to a file that they share"
            )
        self._locators: Iterator[Locator] = expand(listed)
        self._found: deque[tuple[int, Locator]] = deque()
        self._number = 0
        self.exhausted = False

    @property
    def left(self) -> int | None:
        """How many places are left; None while nobody knows."""
        return len(self._found) if self.exhausted else None

    @property
    def known(self) -> int:
        """How many places were found so far."""
        return self._number

    async def look_ahead(self, size: int) -> None:
        """Look up to ``size`` places and `AHEAD` more, in a thread."""
        wanted = size + AHEAD - len(self._found)
        if not self.exhausted and len(self._found) <= size + AHEAD // 2:
            await asyncio.to_thread(self._look, wanted)

    def take(self, size: int) -> list[tuple[int, Locator]]:
        """Return the next places, at most ``size`` of those that were found."""
        return [self._found.popleft() for _ in range(min(size, len(self._found)))]

    def _look(self, wanted: int) -> None:
        found = list(islice(self._locators, wanted))
        self._found.extend(enumerate(found, self._number))
        self._number += len(found)
        self.exhausted = len(found) < wanted
