"""A worker, and one item's way through limits, time-out and retry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ai_catalyst.engine.ahead import SLICE_S
from ai_catalyst.engine.limits import Limit
from ai_catalyst.engine.outcome import Outcome
from ai_catalyst.engine.retry import Retry
from ai_catalyst.errors import ItemCancelled, ItemTimeout

__all__ = ["Attempts", "Desk", "Later", "cancelled_within", "hire"]

T = TypeVar("T")
R = TypeVar("R")

TASKS_A_SLICE = 256
"""Workers started before others may run: a task costs a few microseconds to make."""
Later = Awaitable[object] | None
"""What is still to be awaited, if anything: what needs no waiting costs no coroutine."""


def cancelled_within(error: asyncio.CancelledError) -> ItemCancelled:
    """Return the item's error for a cancellation that came out of the work; raise any other.

    Work that awaits something which somebody else cancelled ends like this. It must not end the
    worker: nobody would hear of the item again.
    """
    task = asyncio.current_task()
    if task is None or task.cancelling():
        raise error
    return ItemCancelled("the work on the item was cancelled from within")


@dataclass(frozen=True, slots=True)
class Desk(Generic[T, R]):
    """Where a worker finds its jobs and leaves its outcomes.

    A job begins with the item's place and the item. ``take`` returns one that is there, ``wait``
    waits for one, None when there are no more. ``begin`` hears of each item, ``hand`` takes its
    outcome.
    """

    take: Callable[[], tuple[Any, ...] | None]
    wait: Callable[[], Awaitable[tuple[Any, ...] | None]]
    hand: Callable[[Any, Outcome[T, R]], Later]
    begin: Callable[[T], Later] | None = None


class Attempts(Generic[T, R]):
    """Turns items into outcomes: the work, tried as often as the policy says.

    Each attempt passes the limits in their order and gives them back in reverse. An item's failure
    becomes a value; only the cancellation of the worker passes through.
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
        self._sleep = retry.sleep if retry is not None else asyncio.sleep
        bounded = self._bounded if timeout is not None else work
        self._inside_limits: Callable[[T], Awaitable[R]] = bounded
        self._once: Callable[[T], Awaitable[R]] = self._limited if limits else bounded

    async def work(self, desk: Desk[T, R]) -> None:
        """Be one worker: the loop that a million items run through, without a coroutine an item."""
        take, wait, hand, begin = desk.take, desk.wait, desk.hand, desk.begin
        once, clock, cancelled = self._once, self._clock, _cancelling()
        busy_s = 0.0
        while (job := take() or await wait()) is not None:
            index, item = job[0], job[1]
            if begin is not None and (later := begin(item)) is not None:
                await later
            started, attempt = clock(), 1
            while True:
                try:
                    try:
                        value = await once(item)
                    except asyncio.CancelledError as error:
                        raise cancelled_within(error) from error
                    outcome = Outcome(index, item, value, None, attempt, clock() - started)
                except Exception as error:  # noqa: BLE001 - a failure is a value of its outcome
                    outcome = Outcome(index, item, None, error, attempt, clock() - started)
                if outcome.error is None or (pause := self._pause(outcome)) is None:
                    break
                await self._sleep(pause)
                attempt += 1
            busy_s += outcome.seconds
            if (later := hand(job, outcome)) is not None:
                await later
            del job, item, outcome  # an error holds this frame, and its outcome the error
            if cancelled():
                return
            if busy_s > SLICE_S:  # work that never waits must not keep others waiting
                busy_s = 0.0
                await asyncio.sleep(0)

    def _pause(self, failed: Outcome[T, R]) -> float | None:
        """Return the seconds to wait before the next attempt; None when the item is given up."""
        if self._retry is None or failed.error is None:
            return None
        return self._retry.after(failed.error, failed.attempts, failed.seconds)

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


def _cancelling() -> Callable[[], int]:
    """Return the function that tells whether the running task was asked to end.

    Work may swallow its cancellation; its worker must end all the same.
    """
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling


async def hire(
    group: asyncio.TaskGroup, workers: int, work: Callable[[], Coroutine[Any, Any, None]]
) -> list[asyncio.Task[None]]:
    """Start so many workers in a group, however many that are."""
    crew: list[asyncio.Task[None]] = []
    while len(crew) < workers:
        crew.append(group.create_task(work()))
        if len(crew) % TASKS_A_SLICE == 0:
            await asyncio.sleep(0)
    return crew
