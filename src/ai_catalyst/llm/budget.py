"""A hard budget: money is set aside before a call, and what was not used comes back after it."""

from __future__ import annotations

import threading
from typing import ClassVar

from ai_catalyst.errors import BudgetExceeded, UserError

__all__ = ["Budget"]


class Budget:
    """At most ``limit_usd`` is spent, or as much as there is when None.

    ``spent_usd`` is what was paid, ``reserved_usd`` what calls in flight may still cost. When the
    money is kept ``elsewhere``, callers `fetch` it before they `reserve`.
    """

    elsewhere: ClassVar[bool] = False

    def __init__(self, limit_usd: float | None = None) -> None:
        """Start with nothing spent."""
        if limit_usd is not None and limit_usd < 0:
            raise UserError(f"a budget is at least 0 USD, not {limit_usd}")
        self.limit_usd = limit_usd
        self.spent_usd = 0.0
        self.reserved_usd = 0.0
        # Re-entrant: the collector may end a forgotten call at any line, also under the lock.
        self._lock = threading.RLock()

    @property
    def left_usd(self) -> float:
        """What may still be set aside."""
        if self.limit_usd is None:
            return float("inf")
        return self.limit_usd - self.spent_usd - self.reserved_usd

    def reserve(self, cost_usd: float) -> None:
        """Set money aside; raises `BudgetExceeded` when there is not enough."""
        with self._lock:
            if cost_usd > self.left_usd + 1e-12:
                raise BudgetExceeded(
                    f"the budget of ${self.limit_usd:.6g} has ${max(0.0, self.left_usd):.6g} left,"
                    f" and this call may cost ${cost_usd:.6g}: nothing was sent"
                )
            self.reserved_usd += cost_usd

    @property
    def at_hand_usd(self) -> float:
        """What may be set aside without a `fetch`."""
        return self.left_usd

    async def fetch(self, cost_usd: float) -> None:
        """Have so much `at_hand_usd` for the `reserve` that comes next, or raise as it would."""

    def settle(self, reserved_usd: float, spent_usd: float) -> None:
        """Give back what was set aside and book what was paid."""
        with self._lock:
            self.reserved_usd = max(0.0, self.reserved_usd - reserved_usd)
            self.spent_usd += spent_usd
