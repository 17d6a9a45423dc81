"""Where rates, breakers and budgets come from: this process's own, or shared by a cluster."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from ai_catalyst.engine import Breaker, RateLimit
from ai_catalyst.llm.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai_catalyst.llm.lane import Lane

__all__ = ["LocalQuotas", "Quotas", "Rate"]


class Rate(Protocol):
    """So many units a second, as `ai_catalyst.engine.RateLimit` gives them out."""

    rate: float
    burst: float

    async def acquire(self, weight: float = 1.0) -> None:
        """Wait until ``weight`` units may pass."""
        ...

    def try_acquire(self, weight: float = 1.0) -> float:
        """Take ``weight`` units now and return 0.0, or the seconds to wait, taking none."""
        ...

    def pause(self, seconds: float) -> None:
        """Let nothing pass for so long."""
        ...


class Quotas(Protocol):
    """Makes what stands between calls and endpoints; ``lanes`` are the endpoints it knows, by id.

    A lane's id is a digest: no address, no key.
    """

    lanes: dict[str, Lane]

    def rate(self, lane: str, what: str, rate: float, burst: float) -> Rate:
        """Return the rate of one kind (``requests``, ``tokens``, …) of a lane, units a second."""
        ...

    def breaker(self, lane: str, name: str) -> Breaker:
        """Return the breaker of a lane; ``name`` is the endpoint's, for messages."""
        ...

    def hold(self, lane: str, hear: Callable[[float], None]) -> Callable[[float], None] | None:
        """Take how a lane hears that others were told to wait, seconds; return how it tells them.

        None when there is nobody to tell.
        """
        ...

    def crowd(self, lane: str, hear: Callable[[int], None]) -> None:
        """Take how a lane hears by how many processes its calls in flight are to be shared."""
        ...

    def budget(self, limit_usd: float | None) -> Budget:
        """Return a budget of so much; None is no limit."""
        ...


class LocalQuotas:
    """Rates, breakers and budgets of this process alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Know no endpoint yet."""
        self.lanes: dict[str, Lane] = {}
        self._clock = clock

    def rate(self, lane: str, what: str, rate: float, burst: float) -> RateLimit:
        """Return a rate limit."""
        return RateLimit(rate, burst, clock=self._clock)

    def breaker(self, lane: str, name: str) -> Breaker:
        """Return a breaker."""
        return Breaker(5, 30, name=name, clock=self._clock)

    def hold(self, lane: str, hear: Callable[[float], None]) -> None:
        """Return None: all who call are in this process."""

    def crowd(self, lane: str, hear: Callable[[int], None]) -> None:
        """Do nothing: it is this process alone."""

    def budget(self, limit_usd: float | None) -> Budget:
        """Return a budget."""
        return Budget(limit_usd)
