"""What a pool hands back piece by piece: the outcomes of a map, the values of a stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from itertools import islice
from operator import length_hint
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from ai_catalyst.engine.crew import Crew
from ai_catalyst.engine.inbox import Inbox, Outlet
from ai_catalyst.engine.job import Call, Job
from ai_catalyst.engine.outcome import Outcome
from ai_catalyst.errors import UserError

__all__ = ["Results", "Stream"]

T = TypeVar("T")
R = TypeVar("R")

_CHUNK_S = 0.02
_LONGEST_CHUNK = 256
_GROWTH = 4
_TURN_S = 0.01
_AHEAD = 32


class _Turns:
    """Gives the loop to others when results come faster than they are read."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    async def pass_on(self) -> None:
        if time.monotonic() - self._since > _TURN_S:
            await asyncio.sleep(0)
            self.begin()

    def begin(self) -> None:
        self._since = time.monotonic()


class Results(AsyncIterator[Outcome[T, R]], Generic[T, R]):
    """The outcomes of `WorkerPool.map`; for one reader."""

    def __init__(
        self,
        crew: Crew,
        call: Call,
        items: Iterable[T],
        timeout: float | None,
        chunk: int | None,
        ordered: bool,
    ) -> None:
        """Begin with nothing sent."""
        if not hasattr(items, "__iter__"):
            raise UserError(f"map needs an iterable, not {type(items).__name__}")
        self._crew = crew
        self._call = call
        self._source = enumerate(items)
        self._left = length_hint(items, -1)
        self._timeout = timeout
        self._chunk = chunk
        self._size = chunk or 1
        self._ordered = ordered
        self._exhausted = False
        self._seconds: float | None = None
        self._inbox: Inbox[tuple[_Chunk[T], int, Any, Exception | None, float]] = Inbox()
        self._open: dict[int, _Chunk[T]] = {}
        self._ready: dict[int, tuple[_Chunk[T], Outcome[T, R]]] = {}
        self._next = 0
        self._turns = _Turns()

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> Outcome[T, R]:
        """Return the next outcome."""
        await self._turns.pass_on()
        while True:
            self._absorb()
            self._send()
            if (outcome := self._take()) is not None:
                return outcome
            if not self._open:
                raise StopAsyncIteration
            await self._inbox.wait()
            self._turns.begin()

    async def aclose(self) -> None:
        """Leave: what has not begun never will, what runs is killed."""
        self._exhausted = True
        self._cancel()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave."""
        await self.aclose()

    def __del__(self) -> None:
        """Leave, when dropped half read."""
        self._cancel()

    def _cancel(self) -> None:
        chunks, self._open = list(getattr(self, "_open", {}).values()), {}
        for chunk in chunks:
            chunk.job.cancel()

    # -- sending --------------------------------------------------------------

    def _send(self) -> None:
        """Keep two chunks under way for each worker, counting those not yet read."""
        while not self._exhausted and len(self._open) < 2 * self._crew.size + 1:
            items = list(islice(self._source, self._next_size()))
            if not items:
                self._exhausted = True
                return
            self._left -= len(items)
            chunk = _Chunk(self._inbox, items)
            chunk.job = Job(
                self._call, [(index, (item,)) for index, item in items], chunk, self._timeout
            )
            self._open[id(chunk)] = chunk
            self._crew.submit(chunk.job)

    def _next_size(self) -> int:
        if self._chunk is not None or self._left < 0:
            return self._size
        return max(1, min(self._size, self._left // (2 * self._crew.size)))

    def _learn(self, seconds: float) -> None:
        """Let chunks take about as long as it pays to send them."""
        if self._chunk is not None:
            return
        known = self._seconds
        self._seconds = seconds if known is None else known + (seconds - known) / 8
        wanted = int(_CHUNK_S / max(self._seconds, 1e-6))
        self._size = max(1, min(wanted, _GROWTH * self._size, _LONGEST_CHUNK))

    # -- reading --------------------------------------------------------------

    def _absorb(self) -> None:
        while self._inbox.items:
            chunk, index, value, error, seconds = self._inbox.items.popleft()
            item = chunk.items.pop(index)
            outcome: Outcome[T, R] = Outcome(index, item, value, error, 1, seconds)
            self._ready[index] = chunk, outcome
            if not chunk.items:
                self._learn(seconds)

    def _take(self) -> Outcome[T, R] | None:
        if self._ordered:
            found = self._ready.pop(self._next, None)
        else:
            found = self._ready.pop(next(iter(self._ready))) if self._ready else None
        if found is None:
            return None
        chunk, outcome = found
        self._next += 1
        chunk.unread -= 1
        if not chunk.unread:
            self._open.pop(id(chunk), None)
        return outcome


class _Chunk(Generic[T]):
    """Some items that go to a worker together, and where their results go."""

    __slots__ = ("_inbox", "items", "job", "unread")

    def __init__(self, inbox: Inbox[Any], items: list[tuple[int, T]]) -> None:
        self._inbox = inbox
        self.items = dict(items)
        self.unread = len(items)
        self.job: Job

    def done(self, index: int, value: Any, error: Exception | None, seconds: float) -> None:
        self._inbox.put((self, index, value, error, seconds))

    @property
    def full(self) -> bool:
        return False

    def wait(self) -> float:
        return 0.0

    def give(self, value: Any) -> None:
        pass

    def close(self) -> None:
        pass


class Stream(AsyncIterator[T], Generic[T]):
    """The values of `WorkerPool.stream`; for one reader."""

    def __init__(
        self,
        crew: Crew,
        call: Call,
        arguments: tuple[Any, ...],
        timeout: float | None,
        silence: float | None,
    ) -> None:
        """Begin with nothing sent."""
        self._crew = crew
        self._outlet = Outlet(_AHEAD)
        self._job = Job(call, [(0, arguments)], self._outlet, timeout, silence)
        self._begun = False
        self._over = False
        self._turns = _Turns()

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> T:
        """Return the next value."""
        if self._over:
            raise StopAsyncIteration
        if not self._begun:
            self._begun = True
            self._crew.submit(self._job)
        await self._turns.pass_on()
        if not self._outlet.inbox.items:
            await self._outlet.inbox.wait()
            self._turns.begin()
        item = self._outlet.take()
        if item is not None and item[1] is None:
            value: T = item[0]
            return value
        self._over = True
        if item is not None and item[1] is not None:
            raise item[1]
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Leave: a worker still at it is killed."""
        self._cancel()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave."""
        await self.aclose()

    def __del__(self) -> None:
        """Leave, when dropped half read."""
        if hasattr(self, "_job"):
            self._cancel()

    def _cancel(self) -> None:
        if self._begun and not self._over:
            self._over = True
            self._job.cancel()
