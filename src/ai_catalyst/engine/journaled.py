"""Work under a journal: leased before, durable before its outcome is handed on."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar, cast

import msgspec

from ai_catalyst.engine.journal import Claim, Entry, Journal, State
from ai_catalyst.engine.outbox import Outbox
from ai_catalyst.engine.outcome import Outcome
from ai_catalyst.engine.source import Source
from ai_catalyst.errors import CatalystError, ProcessingError, StoreError

__all__ = ["JournaledWork"]

T = TypeVar("T")
R = TypeVar("R")

MOST_AHEAD = 512
"""Leases asked for at once at the most: beyond, a bigger group is no cheaper an item."""
SHORT_S, LONG_S = 0.01, 0.1
"""Between two lease groups: when it takes less, lease more at once; when more, fewer.

Who leases far ahead of slow work keeps it from a second process."""
POLL_S = (0.05, 1.0)
"""First and longest wait before work that another process holds is asked for again."""


class _Job(msgspec.Struct, Generic[T], eq=False):
    index: int
    item: T
    key: bytes


_Finished = tuple[_Job[T], Outcome[T, R], bytes]


class JournaledWork(Generic[T, R]):
    """Feeds leased items to workers and commits their results in groups.

    Three parts run beside each other: the feeder leases groups of items, workers turn them into
    outcomes, the committer makes results durable and only then delivers them.
    """

    def __init__(
        self,
        journal: Journal,
        source: Source[T],
        outbox: Outbox[T, R],
        *,
        limit: int,
        key: Callable[[T], bytes | Awaitable[bytes]],
        encode: Callable[[R], bytes],
        decode: Callable[[bytes], R],
        label: Callable[[T], str],
    ) -> None:
        """Take the parts of a batch; `start` sets them going."""
        self._journal = journal
        self._source = source
        self._outbox = outbox
        self._limit = limit
        self._key = key
        self._encode = encode
        self._decode = decode
        self._label = label
        self._pulled: asyncio.Queue[tuple[int, T] | None] = asyncio.Queue(maxsize=max(2, limit))
        self._todo: deque[_Job[T]] = deque()
        self._owned: dict[bytes, list[_Job[T]]] = {}  # in our hands, with equal inputs that wait
        self._deferred: dict[bytes, _Job[T]] = {}  # in another process's hands
        self._finished: list[_Finished[T, R]] = []
        self._committing: list[_Finished[T, R]] = []
        self._ahead = limit
        self._leased_at = 0.0
        self._poll = POLL_S[0]
        self._exhausted = False
        self._fed = False
        self._working = limit
        self._hungry = asyncio.Event()
        self._idle: asyncio.Future[None] | None = None
        self._uncommitted: asyncio.Event = asyncio.Event()

    def start(
        self,
        group: asyncio.TaskGroup,
        one: Callable[[int, T], Awaitable[Outcome[T, R]]],
        deliver: Callable[[Sequence[Outcome[T, R]]], Awaitable[None]],
    ) -> None:
        """Run feeder, workers and committer in ``group``."""
        self._deliver = deliver
        if self._source.sync is None:
            group.create_task(self._pull())
        group.create_task(self._feed())
        for _ in range(self._limit):
            group.create_task(self._work(one))
        group.create_task(self._commit_all())

    async def close(self) -> None:
        """Commit what is finished and give back what is not, also after a cancellation."""
        finished = self._committing + self._finished
        self._committing, self._finished = [], []
        done = {job.key for job, _, _ in finished}
        left = [key for key in self._owned if key not in done and key not in self._deferred]
        if finished:
            await self._commit(finished)
        if left:
            await self._journal.release(left)
        self._owned.clear()

    # The feeder.

    async def _pull(self) -> None:
        """Read an async input a little ahead; a group must not wait for its slowest item."""
        while (pulled := await self._source.pull()) is not None:
            await self._pulled.put(pulled)
        await self._pulled.put(None)

    async def _feed(self) -> None:
        while not self._exhausted or self._deferred:
            jobs = await self._next_group()
            if jobs or self._deferred:
                await self._lease(jobs)
        self._fed = True
        self._wake_workers()

    async def _next_group(self) -> list[_Job[T]]:
        """Return new jobs when there is room for them; none when it is time to ask again."""
        if self._exhausted:
            await asyncio.sleep(self._poll)
            return []
        if not self._deferred:
            return await self._new_jobs(await self._first())
        try:
            async with asyncio.timeout(self._poll):
                first = await self._first()
        except TimeoutError:
            return []
        return await self._new_jobs(first)

    async def _first(self) -> tuple[int, T] | None:
        while len(self._todo) > self._ahead // 2 or len(self._owned) >= 2 * MOST_AHEAD:
            self._hungry.clear()
            await self._hungry.wait()
        await self._outbox.space()
        if self._source.sync is not None:
            return next(self._source.sync, None)
        return await self._pulled.get()

    async def _new_jobs(self, pulled: tuple[int, T] | None) -> list[_Job[T]]:
        """Make jobs of the first item and those that are there already."""
        self._adapt()
        jobs: list[_Job[T]] = []
        key_of = self._key
        while pulled is not None:
            index, item = pulled
            key = key_of(item)
            if not isinstance(key, bytes):
                key = await key
            jobs.append(_Job(index, item, key))
            if len(jobs) >= self._ahead:
                return jobs
            if self._source.sync is not None:
                pulled = next(self._source.sync, None)
            elif self._pulled.empty():
                return jobs
            else:
                pulled = self._pulled.get_nowait()
        self._exhausted = True
        return jobs

    def _adapt(self) -> None:
        now = time.monotonic()
        took = now - self._leased_at
        self._leased_at = now
        if took < SHORT_S:
            self._ahead = min(MOST_AHEAD, self._ahead * 2)
        elif took > LONG_S:
            self._ahead = max(1, self._ahead // 2)

    async def _lease(self, jobs: list[_Job[T]]) -> None:
        """Ask for new jobs, and again for those that another process had."""
        asked = list(self._deferred.values())
        self._deferred.clear()
        for job in jobs:
            equals = self._owned.get(job.key)
            if equals is None:
                self._owned[job.key] = []
                asked.append(job)
            else:
                equals.append(job)
        if not asked:
            return
        entries = [Entry(job.key, self._label(job.item)) for job in asked]
        claims = await self._journal.lease(entries)
        await self._sort(asked, claims)

    async def _sort(self, asked: Sequence[_Job[T]], claims: Sequence[Claim]) -> None:
        resumed: list[Outcome[T, R]] = []
        before = len(self._deferred)
        for job, claim in zip(asked, claims, strict=True):
            if claim.state is State.LEASED:
                self._todo.append(job)
            elif claim.state is State.DONE:
                outcome = self._resume(job, claim.value or b"")
                resumed += [outcome, *_echo(outcome, self._owned.pop(job.key))]
            else:
                self._deferred[job.key] = job
        self._wake_workers()
        progress = len(self._deferred) == before
        self._poll = POLL_S[0] if progress else min(POLL_S[1], self._poll * 1.5)
        if resumed:
            await self._deliver(resumed)

    def _resume(self, job: _Job[T], value: bytes) -> Outcome[T, R]:
        try:
            return Outcome(job.index, job.item, self._decode(value), None, 0, 0.0, resumed=True)
        except Exception as error:  # noqa: BLE001 - whatever a caller's decoder raises
            failure = StoreError("its stored result cannot be read; run it again with force")
            failure.__cause__ = error
            return Outcome(job.index, job.item, None, failure, 0, 0.0, resumed=True)

    # The workers.

    def _wake_workers(self) -> None:
        if self._idle is not None:
            self._idle.set_result(None)
            self._idle = None

    async def _work(self, one: Callable[[int, T], Awaitable[Outcome[T, R]]]) -> None:
        try:
            while True:
                if self._todo:
                    job = self._todo.popleft()
                    if len(self._todo) <= self._ahead // 2 and not self._hungry.is_set():
                        self._hungry.set()
                    self._keep(job, await one(job.index, job.item))
                elif self._fed:
                    return
                else:
                    await self._wait_for_jobs()
        finally:
            self._working -= 1
            self._uncommitted.set()

    async def _wait_for_jobs(self) -> None:
        self._hungry.set()
        if self._idle is None:
            self._idle = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._idle)

    def _keep(self, job: _Job[T], outcome: Outcome[T, R]) -> None:
        """Put an outcome where the committer finds it."""
        encoded = b""
        if outcome.error is None:
            try:
                encoded = self._encode(cast(R, outcome.value))
            except Exception as error:  # noqa: BLE001 - whatever a caller's encoder raises
                outcome.error = ProcessingError("the result cannot be encoded for the journal")
                outcome.error.__cause__ = error
                outcome.value = None
        if not self._finished:
            self._uncommitted.set()
        self._finished.append((job, outcome, encoded))

    # The committer.

    async def _commit_all(self) -> None:
        while self._working or self._finished:
            await self._uncommitted.wait()
            self._uncommitted.clear()
            if self._finished:
                self._committing, self._finished = self._finished, []
                outcomes = await self._commit(self._committing)
                self._committing = []
                await self._deliver(outcomes)
                self._hungry.set()

    async def _commit(self, finished: Sequence[_Finished[T, R]]) -> list[Outcome[T, R]]:
        """Make a group durable; return what may be handed on."""
        done: list[tuple[bytes, bytes]] = []
        failed: list[tuple[bytes, str]] = []
        for job, outcome, encoded in finished:
            if outcome.error is None:
                done.append((job.key, encoded))
            else:
                failed.append((job.key, describe(outcome.error)))
        if done:
            await self._journal.commit(done)
        if failed:
            await self._journal.fail(failed)
        outcomes: list[Outcome[T, R]] = []
        for job, outcome, _ in finished:
            outcomes.append(outcome)
            if equals := self._owned.pop(job.key):
                outcomes += _echo(outcome, equals)
        return outcomes


def _echo(outcome: Outcome[T, R], equals: Sequence[_Job[T]]) -> list[Outcome[T, R]]:
    """Return the outcomes of equal inputs that waited for this one."""
    value, error = outcome.value, outcome.error
    return [Outcome(job.index, job.item, value, error, 0, 0.0, True) for job in equals]


def describe(error: Exception | None) -> str:
    """Return what may be kept of an error: our own messages hold no text of people, others' may."""
    kind = type(error).__name__
    return f"{kind}: {error}" if isinstance(error, CatalystError) else kind
