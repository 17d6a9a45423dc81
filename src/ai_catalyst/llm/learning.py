"""What is learned from answers: a quantile of recent times, a mean, a share that may be spent."""

from __future__ import annotations

import math
from collections import deque

__all__ = ["Mean", "Quantile", "Share"]


class Quantile:
    """The ``q`` quantile of the last ``window`` values, None before ``least`` of them are known.

    Sorted again after every 16th value only, so that learning costs less than a microsecond a call.
    """

    __slots__ = ("_due", "_values", "least", "q", "value")

    def __init__(self, q: float = 0.95, *, window: int = 512, least: int = 20) -> None:
        """Know nothing yet."""
        self.q = q
        self.least = least
        self.value: float | None = None
        self._values: deque[float] = deque(maxlen=window)
        self._due = least

    def __len__(self) -> int:
        """How many values are known."""
        return len(self._values)

    def add(self, value: float) -> None:
        """Learn one more value."""
        self._values.append(value)
        self._due -= 1
        if self._due <= 0:
            self._due = 16
            ordered = sorted(self._values)
            # The smallest value that at least the share q lies at or below (nearest rank).
            self.value = ordered[math.ceil(self.q * len(ordered)) - 1]


class Mean:
    """An exponentially weighted mean, from a first guess."""

    __slots__ = ("value", "weight")

    def __init__(self, guess: float, weight: float = 0.1) -> None:
        """Start from a guess; each new value counts ``weight``."""
        self.value = guess
        self.weight = weight

    def add(self, value: float) -> None:
        """Learn one more value."""
        self.value += self.weight * (value - self.value)


class Share:
    """Spending that must stay below a share of what is earned: hedges and retries of all calls.

    Each call earns ``share``; one hedge or retry spends 1. At most ``most`` is saved up, ``start``
    is there from the beginning (a token bucket filled by calls instead of by time).
    """

    __slots__ = ("most", "saved", "share")

    def __init__(self, share: float, *, start: float = 0.0, most: float = 10.0) -> None:
        """Begin with ``start``."""
        self.share = share
        self.saved = start
        self.most = most

    def earn(self) -> None:
        """Count one call."""
        if self.saved < self.most:
            self.saved += self.share

    def spend(self) -> bool:
        """Take one out and return True, or False when there is not enough."""
        if self.saved < 1.0:
            return False
        self.saved -= 1.0
        return True
