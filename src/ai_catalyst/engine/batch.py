"""Run one coroutine function over many items, at full concurrency, losing nothing."""

from __future__ import annotations

import asyncio
import functools
import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, Self, TypeVar

import msgspec

from ai_catalyst.engine.ahead import SLICE_S
from ai_catalyst.engine.attempt import Attempts, Desk, Later, hire
from ai_catalyst.engine.commits import describe
from ai_catalyst.engine.events import ProgressCallback
from ai_catalyst.engine.journal import Journal
from ai_catalyst.engine.journaled import JournaledWork
from ai_catalyst.engine.labels import default_label, safely
from ai_catalyst.engine.limits import Limit
from ai_catalyst.engine.listener import Listener
from ai_catalyst.engine.outbox import Outbox
from ai_catalyst.engine.outcome import Outcome
from ai_catalyst.engine.retry import Retry
from ai_catalyst.engine.source import Source
from ai_catalyst.errors import UserError

__all__ = ["Batch"]

T = TypeVar("T")
R = TypeVar("R")

LEAST_BOX = 64
"""Outcomes that may wait to be read, also when fewer workers run."""


class Batch(Generic[T, R]):
    """Run ``work`` over ``items`` with at most ``limit`` at once.

    ::

        async with Batch(work, items, limit=8) as batch:
            async for outcome in batch:
                ...

    ``items`` is any iterable or async iterable; it is pulled as workers become free, so it may be
    endless. Outcomes leave through a bounded box: memory does not grow with the number of items,
    and a slow reader slows the workers. They come as completed, or with ``ordered`` in input order.

    The failure of an item is a value in its `Outcome`; with ``fail_fast`` the first one that is
    handed on is raised instead. The failure of the program (the input raises, the store is gone) is
    an exception, raised after what was finished by then. Leaving the block early cancels what runs;
    what was finished is still committed.

    ``limits`` are acquired for each attempt; ``timeout`` (seconds) bounds each attempt; ``retry``
    says what is tried again. With a ``journal``, ``key(item)`` (plain or async) names each piece of
    work; what is done is handed on with ``resumed=True``, what another process is doing is waited
    for, and a result is durable before its outcome is handed on. ``encode``/``decode`` turn results
    into bytes and back (MessagePack by default). ``label(item)`` is the name in events and journal.
    ``on_event`` hears `ProgressEvent`; a resumed item has no ``FILE_STARTED``. ``priority(item)``:
    the lowest goes first; ``ordered`` with a priority keeps in memory what is not yet its turn.
    """

    def __init__(
        self,
        work: Callable[[T], Awaitable[R]],
        items: Iterable[T] | AsyncIterable[T],
        limit: int = 8,
        *,
        retry: Retry | None = None,
        limits: Sequence[Limit] = (),
        timeout: float | None = None,
        journal: Journal | None = None,
        key: Callable[[T], bytes | Awaitable[bytes]] | None = None,
        encode: Callable[[R], bytes] = msgspec.msgpack.encode,
        decode: Callable[[bytes], R] = msgspec.msgpack.decode,
        label: Callable[[T], str] | None = None,
        on_event: ProgressCallback | None = None,
        ordered: bool = False,
        priority: Callable[[T], Any] | None = None,
        fail_fast: bool = False,
    ) -> None:
        """Take the work and its rules; nothing runs before ``async with``."""
        if limit < 1:
            raise UserError(f"a batch needs a limit of at least 1, not {limit}")
        if journal is not None and key is None:
            raise UserError("a batch with a journal needs key=, the name of each piece of work")
        self.limit = limit
        self._attempts = Attempts(work, retry=retry, limits=limits, timeout=timeout)
        self._source: Source[T] = Source(items, priority, ahead=limit if journal else 0)
        unbounded = ordered and priority is not None  # whose turn it is may be pulled last
        bound = float("inf") if unbounded else max(LEAST_BOX, 2 * limit)
        self._outbox: Outbox[T, R] = Outbox(bound, ordered=ordered, fail_fast=fail_fast)
        name = safely(label or default_label)
        self._listener: Listener[T] | None = None
        if on_event is not None:
            self._listener = Listener(on_event, name, self._source.total)
        self._run: asyncio.Task[None] | None = None
        self._settling = False
        self._failure: BaseException | None = None
        self._journaled: JournaledWork[T, R] | None = None
        if journal is not None and key is not None:
            self._journaled = JournaledWork(
                journal,
                self._source,
                limit=limit,
                key=key,
                encode=encode,
                decode=decode,
                name=name,
                begin=None if self._listener is None else self._listener.begin,
                space=self._outbox.space,
                deliver=self._deliver,
            )

    async def __aenter__(self) -> Self:
        """Start the workers."""
        if self._run is not None:
            raise RuntimeError("a batch runs once; make a new one")
        if self._listener is not None:
            await self._listener.begin_all()
        self._run = asyncio.create_task(self._supervise(), name="catalyst-batch")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        """Cancel what still runs, commit what is finished, give the rest back."""
        if self._run is None:
            return
        if not self._settling:
            self._run.cancel()
        await _end_of(self._run)
        self._outbox.close()
        if self._failure is None or self._outbox.heard or self._failure is error:
            return
        if error is None:
            raise self._failure  # the reader left before it could hear that the batch failed
        error.add_note(f"The batch failed as well: {describe(self._failure)}")

    def __aiter__(self) -> AsyncIterator[Outcome[T, R]]:
        """Yield each item's outcome once; raise when the batch itself fails."""
        if self._run is None:
            raise RuntimeError("use `async with Batch(…) as batch:` around the loop")
        return self._outbox

    # The owner of the workers.

    async def _supervise(self) -> None:
        """Own the workers; whatever ends them reaches the reader."""
        left = False
        try:
            async with asyncio.TaskGroup() as group:
                await self._work_all(group)
            if self._listener is not None:
                await self._listener.end_all()
        except BaseExceptionGroup as errors:
            self._failure = errors.exceptions[0]
        except asyncio.CancelledError:  # whoever cancelled it waits for its end
            left = True
        self._settling = True
        await self._settle()
        if left and self._failure is None:
            self._outbox.close(RuntimeError("the batch was left before its end"))
        else:
            self._outbox.close(self._failure)

    async def _work_all(self, group: asyncio.TaskGroup) -> None:
        self._source.start(group)
        total = self._source.total
        crew = self.limit if total is None else max(1, min(self.limit, total))
        if self._journaled is not None:
            await self._journaled.start(group, self._attempts, crew)
            return
        listener, source = self._listener, self._source
        desk: Desk[T, R] = Desk(source.take, source.pull, self._outbox.hand)
        if listener is not None:
            hand = functools.partial(self._hand_and_tell, listener)
            desk = Desk(source.take, source.pull, hand, listener.begin)
        await hire(group, crew, lambda: self._attempts.work(desk))

    async def _settle(self) -> None:
        """Bring what is finished to safety and close what was read; nobody cancels this."""
        try:
            try:
                if self._journaled is not None:
                    await self._journaled.close()
            finally:
                await self._source.close()
        except Exception as error:  # noqa: BLE001 - handed to the reader
            if self._failure is None:
                self._failure = error
            elif error is not self._failure:
                self._failure.add_note(f"Then the end failed too: {describe(error)}")

    # The way out.

    def _hand_and_tell(self, told: Listener[T], job: object, outcome: Outcome[T, R]) -> Later:
        pending = told.end(outcome)
        if pending is None:
            return self._outbox.hand(job, outcome)
        return self._hand_after(pending, outcome)

    async def _hand_after(self, pending: Awaitable[None], outcome: Outcome[T, R]) -> None:
        try:
            await pending
        finally:
            full = self._outbox.put(outcome)
        if full:
            await self._outbox.space()

    async def _deliver(self, outcomes: deque[Outcome[T, R]]) -> None:
        """Hand on a group, taking each outcome out of it; a cancellation loses none."""
        if self._listener is None:
            self._outbox.put_all(outcomes)
            return
        until = time.monotonic() + SLICE_S
        while outcomes:
            outcome = outcomes.popleft()
            try:
                if (pending := self._listener.end(outcome)) is not None:
                    await pending
            finally:
                self._outbox.put(outcome)
            if time.monotonic() > until:
                await asyncio.sleep(0)
                until = time.monotonic() + SLICE_S


async def _end_of(task: asyncio.Task[None]) -> None:
    """Wait for a task to end, also when cancelled meanwhile; then pass the cancellation on."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
