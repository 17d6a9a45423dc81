"""Limits that live with the resource they protect: a rate, and a number of calls in flight.

All are shared by every thread and event loop of the process. Nobody sleeps inside a lock: the lock
guards a few lines of arithmetic, the waiting happens outside.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol, Self

from ai_catalyst.errors import RateLimited, UserError

__all__ = ["AdaptiveLimit", "InFlight", "Limit", "RateLimit", "aimd", "blocked_thread"]

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]


class Limit(Protocol):
    """Anything that must say yes before a call, and hears afterwards how the call went.

    A rate, a breaker and a concurrency cap all fit; `Batch` asks each of its limits in turn.
    """

    async def acquire(self) -> None:
        """Wait until one call may pass, or raise when it may not."""
        ...

    def release(self, error: BaseException | None = None) -> None:
        """Hear that the call ended, with ``error`` or well."""
        ...


class _Booking(NamedTuple):
    slot: float
    full_at: float
    number: int
    pauses: int


class RateLimit:
    """At most ``rate`` calls a second, with bursts of up to ``burst``.

    In any window of ``w`` seconds at most ``rate·w + burst`` units pass. A call may weigh more than
    one unit (tokens of a prompt); one that weighs more than the burst passes alone, when the bucket
    is full. The generic cell rate algorithm: each caller books its slot at once and sleeps until
    then, so nothing polls and nobody is overtaken (ITU-T I.371, "virtual scheduling").
    """

    def __init__(
        self,
        rate: float,
        burst: float = 1,
        *,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Allow ``rate`` units a second and ``burst`` at once; both must be positive."""
        if rate <= 0 or burst <= 0:
            raise UserError(f"a rate limit needs a positive rate and burst, not {rate} and {burst}")
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._sleep = sleep
        self._interval = 1.0 / rate
        self._tolerance = burst * self._interval
        # When the bucket is full again (the "TAT" of the algorithm): by all bookings, and by those
        # that have passed; they differ while somebody waits.
        self._full_at = float("-inf")
        self._passed_full_at = float("-inf")
        self._paused_until = float("-inf")
        self._bookings = 0
        self._pauses = 0
        self._lock = threading.Lock()

    def _book(self, weight: float) -> _Booking:
        with self._lock:
            cost = weight * self._interval
            start = max(self._full_at, self._clock())
            self._full_at = start + cost
            self._bookings += 1
            slot = max(self._full_at - max(self._tolerance, cost), self._paused_until)
            return _Booking(slot, self._full_at, self._bookings, self._pauses)

    def _give_back(self, booking: _Booking, weight: float) -> None:
        """Return a slot, which only the newest booking can without moving the others."""
        with self._lock:
            if booking.number == self._bookings and booking.pauses == self._pauses:
                self._full_at -= weight * self._interval

    async def acquire(self, weight: float = 1.0) -> None:
        """Wait until ``weight`` units may pass."""
        while True:
            booking = self._book(weight)
            try:
                while (wait := booking.slot - self._clock()) > 0:
                    await self._sleep(wait)
            except BaseException:
                self._give_back(booking, weight)
                raise
            if booking.pauses == self._pauses:
                self._passed_full_at = booking.full_at
                return

    def try_acquire(self, weight: float = 1.0) -> float:
        """Take ``weight`` units now and return 0.0, or return the seconds to wait, taking none."""
        with self._lock:
            now = self._clock()
            cost = weight * self._interval
            full_at = max(self._full_at, now) + cost
            wait = max(full_at - max(self._tolerance, cost), self._paused_until) - now
            if wait > 0:
                return wait
            self._full_at = self._passed_full_at = full_at
            self._bookings += 1
            return 0.0

    def pause(self, seconds: float) -> None:
        """Let nothing pass for ``seconds`` (a server's Retry-After); never shortens a pause."""
        with self._lock:
            # Those who wait book anew, or they would all leave together when the pause ends.
            self._pauses += 1
            self._paused_until = max(self._paused_until, self._clock() + seconds)
            self._full_at = max(self._passed_full_at, self._paused_until)

    def release(self, error: BaseException | None = None) -> None:
        """Do nothing: a rate counts starts, not ends."""

    async def __aenter__(self) -> Self:
        """Wait for one unit."""
        await self.acquire()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Do nothing: a rate counts starts, not ends."""


_limits: weakref.WeakSet[InFlight] = weakref.WeakSet()
_blocked: Counter[int] = Counter()


@contextmanager
def blocked_thread(thread: int) -> Iterator[None]:
    """Tell the limits that ``thread``'s loop stands still until this block ends.

    A sync twin called inside a running loop blocks it; a permit held by that loop cannot come back
    before the twin returns, so it must not keep the twin waiting: it does not count meanwhile.
    """
    _blocked[thread] += 1
    for limit in list(_limits):
        limit._wake()
    try:
        yield
    finally:
        _blocked[thread] -= 1
        if not _blocked[thread]:
            del _blocked[thread]


class _Waiter(NamedTuple):
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[None]


class InFlight:
    """At most ``limit`` calls at the same time, first come first served."""

    def __init__(self, limit: int) -> None:
        """Allow ``limit`` calls at once; at least one."""
        if limit < 1:
            raise UserError(f"a limit of calls in flight must be at least 1, not {limit}")
        self._limit: float = limit
        self._held: Counter[int] = Counter()  # by thread, so that a blocked loop's don't count
        self._waiters: deque[_Waiter] = deque()
        self._lock = threading.Lock()
        _limits.add(self)

    @property
    def limit(self) -> int:
        """How many calls may be in flight."""
        return int(self._limit)

    @property
    def in_flight(self) -> int:
        """How many calls are in flight."""
        return self._held.total()

    @property
    def waiting(self) -> int:
        """How many callers wait for a permit."""
        return len(self._waiters)

    def _free(self) -> bool:
        counted = self._held.total() - sum(self._held[thread] for thread in _blocked)
        return counted < int(self._limit)

    async def acquire(self) -> None:
        """Wait for a permit; ``release`` gives it back."""
        thread = threading.get_ident()
        with self._lock:
            if not self._waiters and self._free():
                self._held[thread] += 1
                return
            loop = asyncio.get_running_loop()
            waiter = _Waiter(loop, loop.create_future())
            self._waiters.append(waiter)
        self._wake()  # a loop may have been blocked between the look and the queueing
        try:
            while True:
                await waiter.future
                with self._lock:
                    if self._waiters and self._waiters[0] is waiter and self._free():
                        self._waiters.popleft()
                        self._held[thread] += 1
                        break
                    waiter = self._renew(waiter)
        except BaseException:
            self._leave(waiter)
            raise
        self._wake()

    def _renew(self, waiter: _Waiter) -> _Waiter:
        """Put a fresh future in a waiter's place in the queue: it was woken in vain."""
        fresh = _Waiter(waiter.loop, waiter.loop.create_future())
        self._waiters[self._waiters.index(waiter)] = fresh
        return fresh

    def _leave(self, waiter: _Waiter) -> None:
        with self._lock:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        self._wake()

    def try_acquire(self) -> bool:
        """Take a permit if one is free and nobody waits for it."""
        with self._lock:
            if self._waiters or not self._free():
                return False
            self._held[threading.get_ident()] += 1
            return True

    def release(self, error: BaseException | None = None) -> None:
        """Give a permit back, from any thread."""
        thread = threading.get_ident()
        with self._lock:
            owner = thread if self._held[thread] else next(iter(+self._held), None)
            if owner is None:
                raise RuntimeError("a permit was released that nobody holds")
            self._held[owner] -= 1
            if not self._held[owner]:
                del self._held[owner]
        if self._waiters:
            self._wake()

    def _wake(self) -> None:
        """Let the first waiter look again; it wakes the next one if it was served."""
        while True:
            with self._lock:
                if not self._waiters or not self._free():
                    return
                loop, future = self._waiters[0]
            try:
                loop.call_soon_threadsafe(_settle, future)
            except RuntimeError:  # its loop is closed, and nobody will ever take that place
                with self._lock:
                    if self._waiters and self._waiters[0].future is future:
                        self._waiters.popleft()
                continue
            return

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
        clock: Clock = time.monotonic,
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

    def _adapt(self, overloaded: bool) -> None:
        self._limit = min(self.maximum, max(self.minimum, self._policy(self._limit, overloaded)))

    def overloaded(self) -> None:
        """Lower the limit, unless it was lowered within the cool-down."""
        with self._lock:
            now = self._clock()
            if now - self._lowered_at >= self.cooldown_s:
                self._lowered_at = now
                self._adapt(overloaded=True)

    def release(self, error: BaseException | None = None) -> None:
        """Give a permit back; ``error`` tells whether the resource was overloaded."""
        if isinstance(error, RateLimited | TimeoutError):
            self.overloaded()
        elif error is None and self.in_flight >= self.limit:
            with self._lock:
                self._adapt(overloaded=False)
        super().release(error)
