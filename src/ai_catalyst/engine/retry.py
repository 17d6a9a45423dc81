"""Retry: a policy that is a pure function of numbers, and the one place that awaits it."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from ai_catalyst.errors import (
    BudgetExceeded,
    PrivacyError,
    RequestRefused,
    UnsafeAddress,
    UserError,
)

__all__ = ["Retry"]

T = TypeVar("T")
ErrorTypes = tuple[type[Exception], ...]

HOPELESS: ErrorTypes = (UserError, PrivacyError, BudgetExceeded, UnsafeAddress, RequestRefused)
"""Errors that the same call meets again, however often it is made."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try up to ``attempts`` times in all, with full-jitter exponential back-off.

    The wait after attempt *n* is drawn from 0 to ``min(cap_s, base_s·factor^(n-1))`` (Brooker,
    "Exponential Backoff And Jitter", 2015), and is at least an error's ``retry_after_s``. No
    attempt starts later than ``deadline_s`` after the first. ``on`` says which errors are worth
    another try: exception types or a predicate. What is hopeless (a `UserError`, a
    `PrivacyError`, …) is tried again only when a predicate says so.
    """

    attempts: int = 3
    base_s: float = 0.5
    cap_s: float = 30.0
    deadline_s: float | None = None
    on: type[Exception] | ErrorTypes | Callable[[Exception], bool] = (Exception,)
    factor: float = 2.0
    jitter: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense."""
        numbers = self.attempts, self.base_s, self.cap_s, self.factor
        if self.attempts < 1 or not (self.base_s >= 0 and self.cap_s >= 0 and self.factor >= 1):
            raise UserError(
                "a retry policy needs attempts ≥ 1, base_s ≥ 0, cap_s ≥ 0 and factor ≥ 1, "
                f"not {', '.join(map(str, numbers))}"
            )

    def wants(self, error: Exception) -> bool:
        """Say whether this error is worth another try."""
        if isinstance(self.on, tuple | type):
            return isinstance(error, self.on) and not isinstance(error, HOPELESS)
        return self.on(error)

    def delay(
        self, attempt: int, retry_after: float | None = None, elapsed: float = 0.0
    ) -> float | None:
        """Return the seconds to wait after failed attempt ``attempt`` (from 1), or None to give up.

        ``retry_after`` is what the other side asked for, ``elapsed`` the seconds since the start.
        """
        if attempt >= self.attempts:
            return None
        steps = min(attempt - 1, 1000 / max(1.0, math.log2(self.factor)))  # a float has an end
        ceiling: float = min(self.cap_s, self.base_s * self.factor**steps)
        wait = max(self.jitter() * ceiling, retry_after or 0.0)
        if self.deadline_s is not None and elapsed + wait > self.deadline_s:
            return None
        return wait

    def after(self, error: Exception, attempt: int, elapsed: float = 0.0) -> float | None:
        """Return the seconds to wait after ``error``, or None when it is final."""
        if not self.wants(error):
            return None
        return self.delay(attempt, getattr(error, "retry_after_s", None), elapsed)

    async def run(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Await ``operation()`` until it succeeds; raise its last error."""
        started = self.clock()
        attempt = 1
        while True:
            try:
                return await operation()
            except Exception as error:
                wait = self.after(error, attempt, self.clock() - started)
                if wait is None:
                    raise
            attempt += 1
            await self.sleep(wait)
