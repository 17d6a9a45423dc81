"""One item's way through limits, time-out and retry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from ai_catalyst.engine.limits import Limit
from ai_catalyst.engine.outcome import Outcome
from ai_catalyst.engine.retry import Retry
from ai_catalyst.errors import ItemCancelled, ItemTimeout

__all__ = ["Attempts", "cancelled_within", "cancelling"]

T = TypeVar("T")
R = TypeVar("R")


def cancelled_within(error: asyncio.CancelledError) -> ItemCancelled:
    """Return the item's error for a cancellation that came out of the work; raise any other.

    Work that awaits something which somebody else cancelled ends like this. It must not end the
    worker: nobody would hear of the item again.
    """
    task = asyncio.current_task()
    if task is None or task.cancelling():
        raise error
    return ItemCancelled("the work on the item was cancelled from within")


def cancelling() -> Callable[[], int]:
    """Return the function that tells whether the running task was asked to end.

    Work may swallow its cancellation; its worker must end all the same.
    """
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling


class Attempts(Generic[T, R]):
    """Turns an item into an outcome: the work, tried as often as the policy says.

    Each attempt passes the limits in their order and gives them back in reverse. The item's
    failure becomes a value; only the cancellation of the batch passes through.
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
        self._clock = retry.clock if retry is not None else time.perf_counter
        bounded = self._bounded if timeout is not None else work
        self._inside_limits: Callable[[T], Awaitable[R]] = bounded
        self._once: Callable[[T], Awaitable[R]] = self._limited if limits else bounded

    async def run(self, index: int, item: T) -> Outcome[T, R]:
        """Work on an item until it succeeds or is given up."""
        clock = self._clock
        started = clock()
        attempt = 1
        while True:
            try:
                try:
                    value = await self._once(item)
                except asyncio.CancelledError as error:
                    raise cancelled_within(error) from error
            except Exception as error:  # noqa: BLE001 - an item's failure is a value of its outcome
                elapsed = clock() - started
                wait = None if self._retry is None else self._retry.after(error, attempt, elapsed)
                if self._retry is None or wait is None:
                    return Outcome(index, item, None, error, attempt, elapsed)
            else:
                return Outcome(index, item, value, None, attempt, clock() - started)
            attempt += 1
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
        passed = 0
        failure: BaseException | None = None
        try:
            for limit in self._limits:
                await limit.acquire()
                passed += 1
            return await self._inside_limits(item)
        except BaseException as error:
            failure = error
            raise
        finally:
            self._give_back(passed, failure)
            del failure  # its traceback holds this frame

    def _give_back(self, passed: int, failure: BaseException | None) -> None:
        """Let each limit that was passed hear how the call went, also when one of them raises."""
        if not passed:
            return
        try:
            self._limits[passed - 1].release(failure)
        finally:
            self._give_back(passed - 1, failure)
