"""A number of calls that may be in flight at the same time, fixed or found out by itself."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Self

from ai_catalyst.engine.standstill import standing_still, witness
from ai_catalyst.errors import RateLimited, UserError

__all__ = ["AdaptiveLimit", "InFlight", "aimd"]


class _Waiter:
    """A caller in the queue; ``future`` is set on its own loop when it is served."""

    __slots__ = ("future", "loop", "served", "thread")

    def __init__(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        self.loop = loop
        self.thread = thread
        self.future: asyncio.Future[None] = loop.create_future()
        self.served = False


class InFlight:
    """At most ``limit`` calls at the same time, first come first served.

    Shared by all threads and loops of the process. A loop that stands still under a sync twin
    cannot give its permits back before the twin returns, so they do not count meanwhile: the twin
    never waits for the loop it blocks.
    """

    def __init__(self, limit: int) -> None:
        """Allow ``limit`` calls at once; at least one."""
        if limit < 1:
            raise UserError(f"a limit of calls in flight must be at least 1, not {limit}")
        self._limit: float = limit
        self._held: Counter[int] = Counter()  # by the thread that took them
        self._count = 0
        self._waiters: OrderedDict[_Waiter, None] = OrderedDict()
        # Re-entrant: the collector may end a forgotten waiter at any line, also under the lock.
        self._lock = threading.RLock()
        witness(self)

    @property
    def limit(self) -> int:
        """How many calls may be in flight."""
        return int(self._limit)

    @property
    def in_flight(self) -> int:
        """How many calls are in flight."""
        return self._count

    @property
    def waiting(self) -> int:
        """How many callers wait for a permit."""
        return len(self._waiters)

    async def acquire(self) -> None:
        """Wait for a permit; ``release`` gives it back."""
        if self.try_acquire():
            return
        waiter = _Waiter(asyncio.get_running_loop(), threading.get_ident())
        with self._lock:
            self._waiters[waiter] = None
            self._serve()  # a permit may have come back since we looked
        try:
            await waiter.future
        except BaseException:
            self._leave(waiter)
            raise

    def try_acquire(self) -> bool:
        """Take a permit if one is free; it is not while somebody waits who could take it."""
        with self._lock:
            if not self._free():
                return False
            self._take(threading.get_ident())
            return True

    def release(self, error: BaseException | None = None) -> None:
        """Give a permit back, from any thread."""
        with self._lock:
            self._give_back(threading.get_ident())
            self._serve()

    def look_again(self) -> None:
        """Serve who can go on now that a loop stands still, or goes on."""
        with self._lock:
            self._serve()

    def forget(self) -> None:
        """Start anew in a forked child: who held or waited is not there."""
        self._lock = threading.RLock()
        self._held.clear()
        self._waiters.clear()
        self._count = 0

    # Under the lock.

    def _free(self) -> bool:
        counted = self._count
        if still := standing_still():
            counted -= sum(self._held[thread] for thread in still)
        return counted < int(self._limit)

    def _take(self, thread: int) -> None:
        self._held[thread] += 1
        self._count += 1

    def _give_back(self, thread: int) -> None:
        if not self._held[thread]:  # given back by another thread than took it
            if not self._count:
                raise RuntimeError("a permit was released that nobody holds")
            thread = next(iter(self._held))
        self._count -= 1
        self._held[thread] -= 1
        if not self._held[thread]:
            del self._held[thread]

    def _first(self) -> _Waiter | None:
        """Return the first waiter who could go on; a loop that stands still is passed over."""
        still = standing_still()
        return next((waiter for waiter in self._waiters if waiter.thread not in still), None)

    def _serve(self) -> None:
        """Hand free permits to those who wait, in their order."""
        while self._waiters and self._free() and (waiter := self._first()) is not None:
            del self._waiters[waiter]
            if waiter.future.cancelled():
                continue
            try:
                if waiter.thread == threading.get_ident():
                    waiter.future.set_result(None)
                else:
                    waiter.loop.call_soon_threadsafe(_settle, waiter.future)
            except RuntimeError:  # its loop is closed: nobody will ever take that permit
                continue
            waiter.served = True
            self._take(waiter.thread)

    def _leave(self, waiter: _Waiter) -> None:
        """Give up a place in the queue, or the permit that came with the cancellation."""
        with self._lock:
            self._waiters.pop(waiter, None)
            if waiter.served:
                self._give_back(waiter.thread)
            self._serve()

    async def __aenter__(self) -> Self:
        """Wait for a permit."""
        await self.acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        """Give the permit back."""
        self.release(error)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def aimd(limit: float, overloaded: bool) -> float:
    """Return the next limit: one more per round of successes, 0.7 times as many when overloaded.

    Additive increase, multiplicative decrease (Chiu and Jain, 1989).
    """
    return limit * 0.7 if overloaded else limit + 1.0 / max(limit, 1.0)


class AdaptiveLimit(InFlight):
    """A number of calls in flight that finds the resource's capacity by itself.

    Each success while the limit is in full use raises it a little; an overload (a 429, a time-out)
    lowers it, at most once per ``cooldown_s``, because one overload is seen by many calls at once.
    """

    def __init__(
        self,
        initial: int = 8,
        *,
        minimum: int = 1,
        maximum: int = 256,
        cooldown_s: float = 1.0,
        policy: Callable[[float, bool], float] = aimd,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start at ``initial`` calls and stay between ``minimum`` and ``maximum``."""
        if not 1 <= minimum <= initial <= maximum:
            raise UserError(
                f"need 1 ≤ minimum ≤ initial ≤ maximum: {minimum}, {initial}, {maximum}"
            )
        super().__init__(initial)
        self.minimum = minimum
        self.maximum = maximum
        self.cooldown_s = cooldown_s
        self._policy = policy
        self._clock = clock
        self._lowered_at = float("-inf")

    def overloaded(self) -> None:
        """Lower the limit, unless it was lowered within the cool-down."""
        with self._lock:
            self._lower()

    def release(self, error: BaseException | None = None) -> None:
        """Give a permit back; ``error`` tells whether the resource was overloaded."""
        with self._lock:
            in_full_use = self._count >= int(self._limit)
            self._give_back(threading.get_ident())
            if isinstance(error, RateLimited | TimeoutError):
                self._lower()
            elif error is None and in_full_use:
                self._adapt(overloaded=False)
            self._serve()

    def _lower(self) -> None:
        now = self._clock()
        if now - self._lowered_at >= self.cooldown_s:
            self._lowered_at = now
            self._adapt(overloaded=True)

    def _adapt(self, overloaded: bool) -> None:
        self._limit = min(self.maximum, max(self.minimum, self._policy(self._limit, overloaded)))
