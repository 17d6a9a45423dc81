"""A courier without a thread: errands are carried at once, over tallies in this process's memory.

With `virtual_time` as the clock, whole clusters of limits run in no time and exactly.
"""

from __future__ import annotations

from collections.abc import Callable

from ai_catalyst.cluster.courier import Courier, Errand, Reply
from ai_catalyst.cluster.permits import Permits
from ai_catalyst.errors import StoreError


class MemoryKeeper:
    """Keeps tallies in this process; away when told so, and forgetful."""

    where = "memory at here:0"
    remedy = "remember"

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.permits = Permits(clock)
        self.closed = False

    def lose(self) -> None:
        self.permits = Permits(self.clock)

    def carry(self, errands):
        return self.permits.carry([(e.tally, e.key, e.arguments) for e in errands])

    def close(self) -> None:
        self.closed = True


class InlineCourier(Courier):
    """One process's courier; ``keeper`` is shared by all; ``away`` fails what is asked."""

    def __init__(self, keeper: MemoryKeeper) -> None:
        super().__init__(keeper, clock=keeper.clock)
        self.keeper = keeper
        self.away = False
        self.calls: list[Callable[[], None]] = []

    def post(self, *errands: Errand) -> None:
        for errand in errands:
            now = self.clock()
            self.trips += 1
            if self.away:
                errand.done(Reply((), StoreError("memory at here:0 does not answer"), now, now))
            else:
                errand.done(Reply(self.keeper.carry([errand])[0], None, now, now))

    def every(self, seconds: float, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def tick(self) -> None:
        """Make each regular call once."""
        for call in self.calls:
            call()
