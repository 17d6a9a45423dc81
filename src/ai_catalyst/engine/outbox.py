"""The bounded way out of a batch: outcomes as completed, or in input order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from typing import Generic, Self, TypeVar

from ai_catalyst.engine.outcome import Outcome

__all__ = ["Outbox"]

T = TypeVar("T")
R = TypeVar("R")


class Outbox(Generic[T, R]):
    """Hands outcomes from workers to the reader; workers wait while it is full.

    Iterate it to read. A reader may stop and go on, be cancelled and come back, and several may
    share the outcomes between them: none is handed out twice, none is lost.
    """

    def __init__(
        self, bound: float = 64, *, ordered: bool = False, fail_fast: bool = False
    ) -> None:
        """Hold about ``bound`` outcomes; ``ordered`` keeps back what is not yet its turn.

        With ``fail_fast`` the error of an outcome is raised instead of handing it out.
        """
        self._bound = bound
        self._fail_fast = fail_fast
        self._ready: deque[Outcome[T, R]] = deque()
        self._held: dict[int, Outcome[T, R]] | None = {} if ordered else None
        self._next = 0
        self._closed = False
        self._failure: BaseException | None = None
        self._some = asyncio.Event()
        self._room = asyncio.Event()
        self._awaited = False  # whether a reader waits for some …
        self._crowded = False  # … or a writer for room
        self.heard = False

    def __len__(self) -> int:
        """How many outcomes wait to be read, those included that are not yet their turn."""
        return len(self._ready) + len(self._held or ())

    def put(self, outcome: Outcome[T, R]) -> bool:
        """Add an outcome, without waiting; return whether to wait for `space` before the next."""
        ready, held = self._ready, self._held
        if held is None:
            ready.append(outcome)
            full = len(ready) >= self._bound
        else:
            held[outcome.index] = outcome
            while self._next in held:
                ready.append(held.pop(self._next))
                self._next += 1
            full = len(ready) + len(held) >= self._bound
        if self._awaited and ready:
            self._awaited = False
            self._some.set()
        return full

    def hand(self, job: object, outcome: Outcome[T, R]) -> Awaitable[None] | None:
        """Add an outcome; return what to await before the next one, when the box is full."""
        return self.space() if self.put(outcome) else None

    def put_all(self, outcomes: deque[Outcome[T, R]]) -> None:
        """Add a group, taking each outcome out of it."""
        if self._held is None and outcomes:
            self._ready.extend(outcomes)
            outcomes.clear()
            if self._awaited:
                self._awaited = False
                self._some.set()
        while outcomes:
            self.put(outcomes.popleft())

    async def space(self) -> None:
        """Wait for room, or the end. Who waits must not hold the item whose turn it is."""
        while len(self) >= self._bound and not self._closed:
            self._crowded = True
            self._room.clear()
            await self._room.wait()

    def close(self, failure: BaseException | None = None) -> None:
        """Tell readers that nothing more comes, or what the batch failed with."""
        if self._closed:
            return
        self._closed = True
        self._failure = failure
        self._some.set()
        self._room.set()

    def __aiter__(self) -> Self:
        """Read from where the last reader stopped."""
        return self

    async def __anext__(self) -> Outcome[T, R]:
        """Return the next outcome; raise what the batch failed with when there are no more."""
        ready = self._ready
        while not ready:
            if self._closed:
                return self._end()
            self._awaited = True
            self._some.clear()
            await self._some.wait()
        outcome = ready.popleft()
        if self._crowded and len(self) <= self._bound // 2:
            self._crowded = False
            self._room.set()
        if self._fail_fast and outcome.error is not None:
            raise _visible(outcome.error)
        return outcome

    def _end(self) -> Outcome[T, R]:
        self.heard = True
        if self._failure is None:
            raise StopAsyncIteration
        raise _visible(self._failure)


def _visible(error: BaseException) -> BaseException:
    """Return an error that a reader cannot take for the end of its loop."""
    if not isinstance(error, StopAsyncIteration):
        return error
    failure = RuntimeError("the batch was stopped by a StopAsyncIteration")
    failure.__cause__ = error
    return failure
