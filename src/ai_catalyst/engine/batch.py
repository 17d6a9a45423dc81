"""Run one coroutine function over many items, at full concurrency, losing nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from pathlib import PurePath
from typing import Any, Generic, Self, TypeVar

import msgspec

from ai_catalyst.engine.attempt import Attempts
from ai_catalyst.engine.events import (
    ProgressCallback,
    ProgressEvent,
    ProgressEventType,
    notifier,
)
from ai_catalyst.engine.journal import Journal
from ai_catalyst.engine.journaled import JournaledWork
from ai_catalyst.engine.limits import Limit
from ai_catalyst.engine.outbox import Outbox
from ai_catalyst.engine.outcome import Outcome
from ai_catalyst.engine.retry import Retry
from ai_catalyst.engine.source import Source
from ai_catalyst.errors import UserError

__all__ = ["Batch"]

T = TypeVar("T")
R = TypeVar("R")


class Batch(Generic[T, R]):
    """Run ``work`` over ``items`` with at most ``limit`` at once.

    ::

        async with Batch(work, items, limit=8) as batch:
            async for outcome in batch:
                ...

    ``items`` is any iterable or async iterable; it is pulled as workers become free, so it may be
    endless. Outcomes leave through a bounded box: memory does not grow with the number of items,
    and a slow reader slows the workers. They come as completed, or with ``ordered`` in input order.

    The failure of an item is a value in its `Outcome`; with ``fail_fast`` the first one is raised
    instead. The failure of the program (the input raises, the store is gone) is an exception.
    Leaving the block early cancels what runs; what was finished is still committed.

    ``limits`` are acquired for each attempt; ``timeout`` (seconds) bounds each attempt; ``retry``
    says what is tried again. With a ``journal``, ``key(item)`` (plain or async) names each piece of
    work; what is done is handed on with ``resumed=True``, what another process is doing is waited
    for, and a result is durable before its outcome is handed on. ``encode``/``decode`` turn results
    into bytes and back (MessagePack by default). ``label(item)`` is the name in events and journal.
    ``on_event`` hears `ProgressEvent`. ``priority(item)``: the lowest goes first.
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
        self._work = work
        self._plain = retry is None and not limits and timeout is None
        self._attempts = Attempts(work, retry=retry, limits=limits, timeout=timeout)
        self._source: Source[T] = Source(items, priority)
        unbounded = ordered and priority is not None  # whose turn it is may be pulled last
        bound = float("inf") if unbounded else max(64, 2 * limit)
        self._outbox: Outbox[T, R] = Outbox(bound, ordered)
        self._label = label or _default_label
        self._fail_fast = fail_fast
        self._notify = notifier(on_event) if on_event is not None else None
        self._finished = 0
        self._run: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._journaled: JournaledWork[T, R] | None = None
        if journal is not None and key is not None:
            self._journaled = JournaledWork(
                journal,
                self._source,
                self._outbox,
                limit=limit,
                key=key,
                encode=encode,
                decode=decode,
                label=self._label,
            )

    async def __aenter__(self) -> Self:
        """Start the workers."""
        if self._run is not None:
            raise RuntimeError("a batch runs once; make a new one")
        await self._tell_all(ProgressEventType.BATCH_STARTED)
        self._run = asyncio.create_task(self._supervise(), name="catalyst-batch")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        """Cancel what still runs, commit what is finished, give the rest back."""
        if self._run is None:
            return
        self._run.cancel()
        await asyncio.wait([self._run])
        await self._source.close()
        if error is None and isinstance(self._failure, Exception):
            raise self._failure  # the reader left before it could hear that the batch failed

    def __aiter__(self) -> AsyncIterator[Outcome[T, R]]:
        """Yield each item's outcome once; raise when the batch itself fails."""
        if self._run is None:
            raise RuntimeError("use `async with Batch(…) as batch:` around the loop")
        return self._unless_failed() if self._fail_fast else self._outbox.stream()

    async def _unless_failed(self) -> AsyncIterator[Outcome[T, R]]:
        async for outcome in self._outbox.stream():
            if outcome.error is not None:
                raise outcome.error
            yield outcome

    async def _supervise(self) -> None:
        """Own the workers; whatever ends them reaches the reader."""
        try:
            async with asyncio.TaskGroup() as group:
                if self._journaled is not None:
                    self._journaled.start(group, self._one, self._deliver)
                else:
                    for _ in range(self._crew()):
                        group.create_task(self._worker())
            await self._tell_all(ProgressEventType.BATCH_COMPLETED)
        except BaseExceptionGroup as errors:
            self._failure = _first(errors)
        except BaseException as error:  # noqa: BLE001 - handed to the reader
            self._failure = error
        finally:
            await self._settle()

    async def _settle(self) -> None:
        try:
            if self._journaled is not None:
                await self._journaled.close()
        except Exception as error:  # noqa: BLE001 - handed to the reader
            self._failure = error
        finally:
            self._outbox.close(self._failure)

    async def _deliver(self, outcomes: Sequence[Outcome[T, R]]) -> None:
        for outcome in outcomes:
            if self._notify is not None and (pending := self._finish(outcome)) is not None:
                await pending
            self._outbox.put(outcome)

    def _crew(self) -> int:
        total = self._source.total
        return self.limit if total is None else max(1, min(self.limit, total))

    async def _worker(self) -> None:
        if self._plain and self._notify is None and self._source.sync is not None:
            await self._bare_worker(self._source.sync)
            return
        while (pulled := await self._source.pull()) is not None:
            outcome = await self._one(*pulled)
            if self._notify is not None and (pending := self._finish(outcome)) is not None:
                await pending
            self._outbox.put(outcome)
            if self._outbox.full:
                await self._outbox.space()

    async def _bare_worker(self, items: Iterable[tuple[int, T]]) -> None:
        """Work without rules or listeners: the loop that a million trivial items run through."""
        work, outbox, clock = self._work, self._outbox, time.perf_counter
        for index, item in items:
            started = clock()
            try:
                value = await work(item)
            except Exception as error:  # noqa: BLE001 - an item's failure is a value of its outcome
                outbox.put(Outcome(index, item, None, error, 1, clock() - started))
            else:
                outbox.put(Outcome(index, item, value, None, 1, clock() - started))
            if outbox.full:
                await outbox.space()

    async def _one(self, index: int, item: T) -> Outcome[T, R]:
        if self._notify is not None:
            pending = self._tell(ProgressEventType.FILE_STARTED, self._label(item))
            if pending is not None:
                await pending
        if not self._plain:
            return await self._attempts.run(index, item)
        started = time.perf_counter()
        try:
            value = await self._work(item)
        except Exception as error:  # noqa: BLE001 - an item's failure is a value of its outcome
            return Outcome(index, item, None, error, 1, time.perf_counter() - started)
        return Outcome(index, item, value, None, 1, time.perf_counter() - started)

    def _finish(self, outcome: Outcome[T, R]) -> Awaitable[None] | None:
        self._finished += 1
        name = self._label(outcome.item)
        if outcome.error is None:
            return self._tell(ProgressEventType.FILE_COMPLETED, name)
        error = str(outcome.error) or type(outcome.error).__name__
        return self._tell(ProgressEventType.FILE_FAILED, name, error)

    def _tell(
        self, kind: ProgressEventType, name: str | None = None, error: str | None = None
    ) -> Awaitable[None] | None:
        """Hand an event to the listener; return what must be awaited, when it is a coroutine."""
        if self._notify is None:
            return None
        return self._notify(
            ProgressEvent(kind, name, self._finished, self._source.total, "", error)
        )

    async def _tell_all(self, kind: ProgressEventType) -> None:
        pending = self._tell(kind)
        if pending is not None:
            await pending


def _default_label(item: object) -> str:
    """Name an item by its path, or else by its type: a long string may be somebody's text."""
    if isinstance(item, PurePath):
        return item.as_posix()
    if isinstance(item, str) and len(item) <= 200 and "\n" not in item:
        return item
    name = getattr(item, "name", None) or getattr(item, "uri", None)
    return name if isinstance(name, str) else type(item).__name__


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
