"""One item's way through limits, time-out and retry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from ai_catalyst.engine.limits import Limit
from ai_catalyst.engine.outcome import Outcome
from ai_catalyst.engine.retry import Retry
from ai_catalyst.errors import ItemTimeout

__all__ = ["Attempts"]

T = TypeVar("T")
R = TypeVar("R")


class Attempts(Generic[T, R]):
    """Turns an item into an outcome: the work, tried as often as the policy says.

    Each attempt passes the limits in their order and gives them back in reverse. The item's
    failure becomes a value; only cancellation passes through.
    """

    def __init__(
        self,
        work: Callable[[T], Awaitable[R]],
        *,
        retry: Retry | None = None,
        limits: Sequence[Limit] = (),
        timeout: float | None = None,
    ) -> None:
        """Keep the work and its rules; ``timeout`` in seconds bounds one attempt."""
        self._work = work
        self._retry = retry
        self._limits = tuple(limits)
        self._timeout = timeout
        self._once = self._bounded if timeout is not None else work
        if limits:
            self._once = self._limited

    async def run(self, index: int, item: T) -> Outcome[T, R]:
        """Work on an item until it succeeds or is given up."""
        started = time.perf_counter()
        attempt = 1
        while True:
            try:
                value = await self._once(item)
            except Exception as error:  # noqa: BLE001 - an item's failure is a value of its outcome
                elapsed = time.perf_counter() - started
                wait = self._retry and self._retry.after(error, attempt, elapsed)
                if wait is None:
                    return Outcome(index, item, None, error, attempt, elapsed)
            else:
                return Outcome(index, item, value, None, attempt, time.perf_counter() - started)
            attempt += 1
            if self._retry is not None:
                await self._retry.sleep(wait)

    async def _bounded(self, item: T) -> R:
        deadline = asyncio.timeout(self._timeout)
        try:
            async with deadline:
                return await self._work(item)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise ItemTimeout(f"the item took longer than {self._timeout:g} s") from error

    async def _limited(self, item: T) -> R:
        passed: list[Limit] = []
        failure: BaseException | None = None
        try:
            for limit in self._limits:
                await limit.acquire()
                passed.append(limit)
            return await (self._bounded(item) if self._timeout is not None else self._work(item))
        except BaseException as error:
            failure = error
            raise
        finally:
            for limit in reversed(passed):
                limit.release(failure)
