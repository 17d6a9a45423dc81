"""A rate: so many units a second, with bursts (the generic cell rate algorithm)."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Self

from ai_catalyst.errors import UserError

__all__ = ["RateLimit"]


class _Place:
    """A place in the queue; all times are in seconds of the rate."""

    __slots__ = ("cost", "loop", "nap", "until")

    def __init__(self, loop: asyncio.AbstractEventLoop, cost: float, until: float) -> None:
        self.loop = loop
        self.cost = cost
        self.until = until  # what has ever been queued, up to and with this place
        self.nap: asyncio.Future[None] | None = None


class RateLimit:
    """At most ``rate`` units a second, with bursts of up to ``burst``, first come first served.

    In any window of ``w`` seconds at most ``rate·w + burst`` units pass, also after a pause, a
    cancellation or a stall. A call may weigh more than one unit (tokens of a prompt); one that
    weighs more than the burst passes alone, when the bucket is full. Nothing polls: each caller
    sleeps until the moment that those before it leave to it, outside any lock, and looks again when
    it wakes, so that nobody depends on another's loop. Shared by all threads and loops of the
    process (ITU-T I.371, "virtual scheduling").
    """

    def __init__(
        self, rate: float, burst: float = 1, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Allow ``rate`` units a second and ``burst`` at once; both must be positive."""
        if not (rate > 0 and burst > 0):
            raise UserError(f"a rate limit needs a positive rate and burst, not {rate} and {burst}")
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._tolerance = burst / rate
        self._full_at = float("-inf")  # when the bucket is full again, by what has passed
        self._paused_until = float("-inf")
        self._queue: OrderedDict[_Place, None] = OrderedDict()
        self._queued = 0.0  # what has ever been queued …
        self._left = 0.0  # … and what of it has left the queue
        # Re-entrant: the collector may end a forgotten waiter at any line, also under the lock.
        self._lock = threading.RLock()

    async def acquire(self, weight: float = 1.0) -> None:
        """Wait until ``weight`` units may pass."""
        cost = self._cost(weight)
        with self._lock:
            if self._pass(cost, self._queued - self._left) <= 0:
                return
            self._queued += cost
            place = _Place(asyncio.get_running_loop(), cost, self._queued)
            self._queue[place] = None
        try:
            while (wait := self._try(place)) > 0:
                await self._sleep(place, wait)
        except BaseException:
            self._leave(place)
            raise

    def try_acquire(self, weight: float = 1.0) -> float:
        """Take ``weight`` units now and return 0.0, or return the seconds to wait, taking none."""
        cost = self._cost(weight)
        with self._lock:
            return self._pass(cost, self._queued - self._left)

    def pause(self, seconds: float) -> None:
        """Let nothing pass for ``seconds`` (a server's Retry-After); never shortens a pause."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)
            # By then the bucket is full at last: those who wait leave one by one, not together.
            self._full_at = max(self._full_at, self._paused_until)

    def release(self, error: BaseException | None = None) -> None:
        """Do nothing: a rate counts starts, not ends."""

    def _cost(self, weight: float) -> float:
        if not 0 <= weight < float("inf"):
            raise UserError(f"a call cannot weigh {weight}")
        return weight / self.rate

    def _pass(self, cost: float, before: float) -> float:
        """Take ``cost`` and return 0.0, or the seconds until it is free behind ``before``."""
        now = self._clock()
        due = self._full_at + max(0.0, before) + cost - max(self._tolerance, cost)
        wait = max(due, self._paused_until) - now
        if wait > 0:
            return wait
        self._full_at = max(self._full_at, now) + cost
        return 0.0

    def _try(self, place: _Place) -> float:
        """Pass and leave the queue, or return the seconds to sleep."""
        with self._lock:
            wait = self._pass(place.cost, place.until - place.cost - self._left)
            if wait > 0:
                place.nap = place.loop.create_future()
            else:
                del self._queue[place]
                self._left += place.cost
                self._start_anew_when_empty()
            return wait

    async def _sleep(self, place: _Place, seconds: float) -> None:
        nap = place.nap
        assert nap is not None
        alarm = place.loop.call_later(seconds, _end, nap)
        try:
            await nap
        finally:
            alarm.cancel()

    def _leave(self, place: _Place) -> None:
        """Give up a place: those behind it move up, and must not sleep on."""
        with self._lock:
            if place not in self._queue:
                return
            del self._queue[place]
            moved: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
            self._queued = self._left
            for other in list(self._queue):
                nap = other.nap
                if nap is not None and nap.cancelled():  # it goes too: once through is enough
                    del self._queue[other]
                    continue
                self._queued += other.cost
                if other.until > self._queued and nap is not None:
                    moved.setdefault(other.loop, []).append(nap)
                other.until = self._queued
            self._start_anew_when_empty()
        for loop, naps in moved.items():
            _wake(loop, naps)

    def _start_anew_when_empty(self) -> None:
        if not self._queue:
            self._queued = self._left = 0.0  # sums of many small numbers drift

    async def __aenter__(self) -> Self:
        """Wait for one unit."""
        await self.acquire()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Do nothing: a rate counts starts, not ends."""


def _wake(loop: asyncio.AbstractEventLoop, naps: list[asyncio.Future[None]]) -> None:
    try:
        loop.call_soon_threadsafe(_end_all, naps)
    except RuntimeError:  # the loop is closed, and whoever waited on it gone
        return


def _end_all(naps: list[asyncio.Future[None]]) -> None:
    for nap in naps:
        _end(nap)


def _end(nap: asyncio.Future[None]) -> None:
    if not nap.done():
        nap.set_result(None)
