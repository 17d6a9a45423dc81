"""A rate that many processes and machines share."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from ai_catalyst.cluster.courier import Errand
from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from ai_catalyst.cluster.courier import Courier, Reply
    from ai_catalyst.errors import CatalystError

__all__ = ["SharedRate", "lateness", "tolerance"]

SHARE = 0.02
"""The part of a second's units that one lease may hold; a lease is at least one call's."""
LEAD_S = 0.05
"""How long before its permits end a process asks for more."""
SHORTEST_LATE_S = 0.02
LONGEST_LATE_S = 0.5


def lateness(rate: float, burst: float) -> float:
    """Return how late a permit may be used, seconds: within it, bunched permits keep to the rate.

    A quarter of the time in which the bucket fills, so that it can be taken out of the burst; at
    least what adds no more than 2 % to any second.
    """
    return min(LONGEST_LATE_S, max(SHORTEST_LATE_S, burst / rate / 4))


def tolerance(rate: float, burst: float) -> float:
    """Return the seconds by which permits may come early: the burst, less what lateness may add."""
    full = burst / rate
    late = lateness(rate, burst)
    return full - late if full >= 2 * late else full


class _Place:
    """A caller in the queue; ``due`` is from when it may pass, None until that is known."""

    __slots__ = ("alarm", "due", "error", "future", "lease", "loop", "weight")

    def __init__(self, weight: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.weight = weight
        self.future: asyncio.Future[None] = self.loop.create_future()
        self.due: float | None = None
        self.lease = 0
        self.alarm: asyncio.TimerHandle | None = None
        self.error: CatalystError | None = None


class SharedRate:
    """At most ``rate`` units a second over everybody who shares ``key``, ``burst`` at once.

    In any window of ``w`` seconds at most ``rate·(w + 0.02 s) + burst`` units pass. Each caller is
    given the moment from which it may pass; callers of one process ask together, for at most 2 % of
    a second's units at a time (at least one call), so that all processes get their turn and a dead
    one takes little with it. A permit that is used too late has lapsed, and one is asked for anew;
    one that nobody needs any more is handed on or given back. While the keeper is away, calls wait,
    up to ``patience_s``: then `StoreError`. Safe in any thread and loop.
    """

    def __init__(
        self, courier: Courier, key: str, rate: float, burst: float, *, patience_s: float = 30.0
    ) -> None:
        """Share a rate; nobody is asked yet."""
        if not (rate > 0 and burst > 0):
            raise UserError(f"a rate limit needs a positive rate and burst, not {rate} and {burst}")
        self.rate = rate
        self.burst = burst
        self.late_s = lateness(rate, burst)
        self._tolerance = tolerance(rate, burst)
        self._courier = courier
        self._clock = courier.clock
        self._key = key
        self._patience_s = patience_s
        self._full = 0.0  # when the bucket is full again, as last heard, by the server's clock …
        self._free_at = float("-inf")  # … and by ours
        self._last_due = float("-inf")
        self._asking = False
        self._waiting: OrderedDict[_Place, None] = OrderedDict()  # without a permit
        self._holding: set[_Place] = set()  # with one, until its moment
        # Re-entrant: the collector may end a forgotten waiter at any line, also under the lock.
        self._lock = threading.RLock()

    async def acquire(self, weight: float = 1.0) -> None:
        """Wait until ``weight`` units may pass; raises `StoreError` when nobody can say so."""
        if not 0 <= weight < float("inf"):
            raise UserError(f"a call cannot weigh {weight}")
        place = _Place(weight)
        with self._lock:
            self._waiting[place] = None
        try:
            while not await self._passes(place):
                pass
        except BaseException:
            self._leave(place)
            raise
        self._ask()

    def try_acquire(self, weight: float = 1.0) -> float:
        """Return the least seconds that a call has to wait, taking nothing; never 0."""
        with self._lock:
            before = sum(place.weight for place in self._waiting) + weight
        ahead = self._free_at + before / self.rate - max(self._tolerance, weight / self.rate)
        return max(1e-6, ahead - self._clock())

    def pause(self, seconds: float) -> None:
        """Let nothing pass for so long, anywhere; never shortens a pause."""
        with self._lock:
            self._free_at = max(self._free_at, self._clock() + seconds)
        self._post("pause", seconds * 1e6)

    def release(self, error: BaseException | None = None) -> None:
        """Do nothing: a rate counts starts, not ends."""

    async def __aenter__(self) -> Self:
        """Wait for one unit."""
        await self.acquire()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Do nothing: a rate counts starts, not ends."""

    async def _passes(self, place: _Place) -> bool:
        """Wait for the moment of a place; say whether it could be used in time."""
        self._ask()
        await place.future
        if place.error is not None:
            raise place.error
        assert place.due is not None
        with self._lock:
            self._holding.discard(place)
            if self._clock() <= place.due + self.late_s:
                return True
            place.due, place.future = None, place.loop.create_future()
            self._waiting[place] = None
            self._waiting.move_to_end(place, last=False)
        return False

    # Asking.

    def _ask(self) -> None:
        """Ask for permits for those who have none, when those that are held end soon."""
        with self._lock:
            provided = self._holding and self._last_due > self._clock() + LEAD_S
            if self._asking or provided:
                return
            places = list(self._next())
            if not places:
                return
            self._asking = True
        now = self._clock()
        costs = [place.weight / self.rate * 1e6 for place in places]
        self._courier.post(
            Errand(
                "rate",
                self._key,
                ("lease", self._full, self._tolerance * 1e6, *costs),
                lambda reply: self._hear(places, reply),
                now + self._patience_s,
            )
        )

    def _next(self) -> Iterable[_Place]:
        most = max(1.0, SHARE * self.rate)
        for place in self._waiting:
            most -= place.weight
            if most < 0 and place is not next(iter(self._waiting)):
                return
            yield place

    def _hear(self, places: list[_Place], reply: Reply) -> None:
        """Give each caller its moment, or the error; in the courier's thread."""
        ready: list[_Place] = []
        back = 0.0
        with self._lock:
            self._asking = False
            if reply.error is None:
                self._note(reply)
                for place, due in zip(places, reply.numbers[3:], strict=True):
                    taker = self._give(place, due / 1e6, reply.numbers[1])
                    if taker is None:
                        back += place.weight
                    else:
                        ready.append(taker)
            else:
                ready = list(self._waiting)
                self._waiting.clear()
                for place in ready:
                    place.error = type(reply.error)(*reply.error.args)
        if back:
            self._give_back(back, reply.numbers[1])
        self._wake(ready)
        self._ask()

    def _give(self, place: _Place, due: float, lease: int) -> _Place | None:
        """Hand a permit to who asked for it, or to an heir; return whom."""
        moment = self._courier.server.here(due)
        self._last_due = max(self._last_due, moment)
        taker = place if place in self._waiting else self._heir(place.weight)
        if taker is not None:
            self._hand(taker, moment, lease)
        return taker

    def _hand(self, taker: _Place, due: float, lease: int) -> None:
        taker.due, taker.lease = due, lease
        del self._waiting[taker]
        self._holding.add(taker)

    def _note(self, reply: Reply) -> None:
        now, _, full, *_ = (number / 1e6 for number in reply.numbers)
        self._courier.server.learn(now, reply.sent, reply.got)
        self._full = float(reply.numbers[2])
        self._free_at = self._courier.server.here(full)

    def _heir(self, weight: float) -> _Place | None:
        """Return who waits without a permit and weighs as much as one that is left over."""
        return next((place for place in self._waiting if place.weight == weight), None)

    def _wake(self, places: list[_Place]) -> None:
        loops = {place.loop for place in places}
        for loop in loops:
            mine = [place for place in places if place.loop is loop]
            try:
                loop.call_soon_threadsafe(self._set_alarms, mine)
            except RuntimeError:  # the loop is closed, and whoever waited on it gone
                continue

    def _set_alarms(self, places: list[_Place]) -> None:
        now = self._clock()
        for place in places:
            if place.due is None or place.due <= now:
                _end(place)
            else:
                place.alarm = place.loop.call_later(place.due - now, _end, place)

    # Leaving.

    def _leave(self, place: _Place) -> None:
        """Give up a place: its permit goes to another who waits, or back."""
        with self._lock:
            self._waiting.pop(place, None)
            if place.alarm is not None:
                place.alarm.cancel()
            due, heir = place.due, self._heir(place.weight)
            if place in self._holding and due is not None and self._clock() <= due + self.late_s:
                if heir is None:
                    self._give_back(place.weight, place.lease)
                else:
                    self._hand(heir, due, place.lease)
                    self._wake([heir])
            self._holding.discard(place)
        self._ask()

    def _give_back(self, weight: float, lease: int) -> None:
        self._post("back", weight / self.rate * 1e6, float(lease))

    def _post(self, op: str, *arguments: float) -> None:
        """Tell the keeper, without waiting for the reply."""
        until = self._clock() + self._patience_s
        self._courier.post(
            Errand("rate", self._key, (op, self._full, *arguments), self._heard, until)
        )

    def _heard(self, reply: Reply) -> None:
        if reply.error is None:
            with self._lock:
                self._note(reply)


def _end(place: _Place) -> None:
    if not place.future.done():
        place.future.set_result(None)
