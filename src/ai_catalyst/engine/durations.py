"""Durations of one kind, counted in memory that does not grow with them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import repeat
from operator import mul

__all__ = ["Durations"]

_RATIO = math.log(1.02)
_SHORTEST_S = 1e-7


class Durations:
    """Durations of one kind: exact count, sum and extremes, quantiles within one per cent.

    Durations are counted in buckets each 2 % wider than the one before, and a quantile (nearest
    rank) is the geometric middle of its bucket: off by at most a factor of √1.02. From a tenth of a
    microsecond to a day that is 1,400 buckets at most, and only those in use are kept.
    """

    __slots__ = ("_buckets", "count", "longest", "shortest", "total")

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0
        self.total = 0.0
        self.shortest = 0.0
        self.longest = 0.0
        self._buckets: dict[int, int] = {}

    def add(self, seconds: Sequence[float]) -> None:
        """Count some: a hundred at once cost a fifth of a hundred one by one."""
        if not seconds:
            return
        least = min(seconds)
        self.shortest = min(self.shortest, least) if self.count else least
        self.longest = max(self.longest, *seconds)
        self.count += len(seconds)
        self.total += sum(seconds)
        if least < _SHORTEST_S:
            seconds = [max(one, _SHORTEST_S) for one in seconds]
        found = map(math.floor, map(mul, map(math.log, seconds), repeat(1 / _RATIO)))
        for bucket, count in Counter(found).items():
            self._buckets[bucket] = self._buckets.get(bucket, 0) + count

    def quantile(self, share: float) -> float:
        """Return the duration that ``share`` of them do not exceed, in seconds; 0 of none."""
        rank = max(1, math.ceil(share * self.count))
        for bucket in sorted(self._buckets):
            rank -= self._buckets[bucket]
            if rank <= 0:
                middle = math.exp((bucket + 0.5) * _RATIO)
                return min(max(middle, self.shortest), self.longest)
        return 0.0
