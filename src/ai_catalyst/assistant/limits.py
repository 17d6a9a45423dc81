"""Rate limits that all workers share: one row a name in the database, changed by one statement.

GCRA, as in `engine.limits`: a row holds the theoretical arrival time; a request that comes more
than the burst's worth of intervals before it is refused, and changes nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ai_catalyst.assistant.problems import Busy
from ai_catalyst.store.scripts import Ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai_catalyst.store.scripts import Driver, Script

__all__ = ["SharedLimit"]


class SharedLimit:
    """``per_minute`` events a minute and name, ``burst`` of them at once."""

    def __init__(
        self,
        driver: Driver,
        kind: str,
        *,
        per_minute: float,
        burst: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use the database of a driver."""
        self._driver = driver
        self._kind = kind
        self._interval = 60.0 / per_minute
        self._ahead = self._interval * (burst - 1)
        self._clock = clock

    async def take(self, name: str, what: str) -> None:
        """Count one event. Raises `Busy` (429), saying ``what`` there is too much of."""
        wait = await self._driver.write(lambda: self._take(f"{self._kind}:{name}", self._clock()))
        if wait > 0:
            raise Busy(what, retry_after_s=wait, status=429)

    async def check(self, name: str, what: str) -> None:
        """Raise `Busy` (429) if an event could not be counted now; count none."""
        rows = await self._driver.rows(
            "SELECT until FROM assistant_limits WHERE name = ?", [f"{self._kind}:{name}"]
        )
        wait = (rows[0][0] if rows else 0.0) - self._ahead - self._clock()
        if wait > 0:
            raise Busy(what, retry_after_s=wait, status=429)

    async def clear(self, name: str) -> None:
        """Forget what was counted."""
        key = f"{self._kind}:{name}"
        await self._driver.write(lambda: _clear(key))

    def _take(self, name: str, now: float) -> Script[float]:
        latest = "greatest" if self._driver.postgres else "max"
        rows = yield Ask(
            "INSERT INTO assistant_limits (name, until) VALUES (?, ?) "  # noqa: S608 - a word of ours
            f"ON CONFLICT (name) DO UPDATE SET until = {latest}(assistant_limits.until, ?) + ? "
            "WHERE assistant_limits.until <= ? RETURNING until",
            [name, now + self._interval, now, self._interval, now + self._ahead],
        )
        if rows:
            return 0.0
        rows = yield Ask("SELECT until FROM assistant_limits WHERE name = ?", [name])
        until: float = rows[0][0] if rows else now
        return max(until - self._ahead - now, 0.001)


def _clear(name: str) -> Script[None]:
    yield Ask("DELETE FROM assistant_limits WHERE name = ?", [name])
