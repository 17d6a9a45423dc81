"""The bounded way out of a batch: outcomes as completed, or in input order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

from ai_catalyst.engine.outcome import Outcome

__all__ = ["Outbox"]

T = TypeVar("T")
R = TypeVar("R")


class Outbox(Generic[T, R]):
    """Hands outcomes from workers to one reader; workers wait while it is ``full``."""

    def __init__(self, bound: float, ordered: bool) -> None:
        """Hold about ``bound`` outcomes; ``ordered`` keeps back what is not yet its turn."""
        self._bound = bound
        self._ready: deque[Outcome[T, R]] = deque()
        self._held: dict[int, Outcome[T, R]] | None = {} if ordered else None
        self._next = 0
        self._closed = False
        self._failure: BaseException | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writers: asyncio.Future[None] | None = None

    @property
    def full(self) -> bool:
        """Whether workers should wait before they bring more."""
        return len(self._ready) + len(self._held or ()) >= self._bound

    def put(self, outcome: Outcome[T, R]) -> None:
        """Add an outcome; never waits."""
        if self._held is None:
            self._ready.append(outcome)
        else:
            self._held[outcome.index] = outcome
            while self._next in self._held:
                self._ready.append(self._held.pop(self._next))
                self._next += 1
        if self._reader is not None and self._ready:
            self._reader = _wake(self._reader)

    async def space(self) -> None:
        """Wait until there is room. Who waits must not hold the item whose turn it is."""
        while self.full and not self._closed:
            if self._writers is None:
                self._writers = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._writers)

    def close(self, failure: BaseException | None = None) -> None:
        """Tell the reader that nothing more comes, or that the batch itself failed."""
        self._closed = True
        self._failure = failure
        if self._reader is not None:
            self._reader = _wake(self._reader)
        if self._writers is not None:
            self._writers = _wake(self._writers)

    async def stream(self) -> AsyncIterator[Outcome[T, R]]:
        """Yield outcomes until the box is closed and empty; raise what the batch failed with."""
        ready = self._ready
        while True:
            while ready:
                yield ready.popleft()
                if self._writers is not None and not self.full:
                    self._writers = _wake(self._writers)
            if self._closed:
                if self._failure is not None:
                    raise self._failure
                return
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader


def _wake(waiter: asyncio.Future[Any]) -> None:
    if not waiter.done():
        waiter.set_result(None)
