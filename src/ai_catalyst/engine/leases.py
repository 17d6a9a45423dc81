"""Work leased from a journal: what is ours to do, what is done, what another process does."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar, cast

from ai_catalyst.engine.ahead import SLICE_S
from ai_catalyst.engine.journal import Claim, Entry, Journal, State
from ai_catalyst.engine.keys import keys_of
from ai_catalyst.engine.outcome import Outcome
from ai_catalyst.engine.source import Source
from ai_catalyst.errors import StoreError

__all__ = ["Deliver", "Job", "Leases"]

T = TypeVar("T")
R = TypeVar("R")

MOST_AHEAD = 1024
"""Leases asked for at once at the most: beyond, a bigger group is no cheaper an item."""
MOST_IN_HAND = 2 * MOST_AHEAD
"""Items pulled and not handed on, equal inputs and those of other processes included."""
SHORT_S, LONG_S = 0.01, 0.1
"""Between two lease groups: when it takes less, lease more at once; when more, fewer.

Who leases far ahead of slow work keeps it from a second process."""
POLL_S = (0.05, 1.0)
"""First and longest wait before work that another process holds is asked for again."""


Job = tuple[int, T, bytes]
"""One item's place, the item, and the key of its work."""
Deliver = Callable[[deque[Outcome[T, R]]], Awaitable[None]]


class Leases(Generic[T, R]):
    """Pulls items, asks the journal for their work in groups, and queues what is ours ``todo``.

    What was done before is handed on at once; what another process does is asked for again until it
    is done or free; an item equal to one in our hands waits for that one's outcome.
    """

    def __init__(
        self,
        journal: Journal,
        source: Source[T],
        *,
        limit: int,
        key: Callable[[T], bytes | Awaitable[bytes]],
        decode: Callable[[bytes], R],
        name: Callable[[T], str],
        space: Callable[[], Awaitable[None]],
        deliver: Deliver[T, R],
    ) -> None:
        """Take the parts of a batch; ``space`` waits for room on the way out."""
        self._journal = journal
        self._source = source
        self._limit = limit
        self._key = key
        self._decode = decode
        self._name = name
        self._space = space
        self._deliver = deliver
        self._todo: deque[Job[T]] = deque()
        # In our hands: what holds each key, and the equal inputs that wait for it.
        self._owned: dict[bytes, list[Job[T]] | None] = {}
        self._deferred: dict[bytes, Job[T]] = {}  # in another process's hands
        self._in_hand = 0
        self._ahead = limit
        self._enough = limit // 2
        self._leased_at = 0.0
        self._poll, self._poll_at = POLL_S[0], 0.0
        self._exhausted = False
        self._fed = False
        self._some = asyncio.Event()
        self._hungry = asyncio.Event()

    # For the workers.

    def take(self) -> Job[T] | None:
        """Return the next job that is ours to do, if one is there."""
        todo = self._todo
        if len(todo) <= self._enough:
            self._hungry.set()
        return todo.popleft() if todo else None

    async def wait(self) -> Job[T] | None:
        """Wait for a job to be there; None when there are no more."""
        while (job := self.take()) is None and not self._fed:
            self._some.clear()
            await self._some.wait()
        return job

    # For the committer.

    def settle(self, ended: Iterable[tuple[Job[T], Outcome[T, R], bytes]]) -> deque[Outcome[T, R]]:
        """End jobs; return their outcomes, and those of the equal inputs that waited for them."""
        outcomes: deque[Outcome[T, R]] = deque()
        pop, add = self._owned.pop, outcomes.append
        for (_, _, key), outcome, _ in ended:
            add(outcome)
            if equals := pop(key, None):
                outcomes.extend(_echo(outcome, equals))
        self._in_hand -= len(outcomes)
        self._hungry.set()
        return outcomes

    async def release(self) -> None:
        """Give back every lease that was not settled."""
        left, self._owned = list(self._owned), {}
        if left:
            await self._journal.release(left)

    # The feeder.

    async def feed(self) -> None:
        """Lease work until the input ends and nobody else is at work on what was in it."""
        while not self._exhausted or self._deferred:
            await self._lease(await self._next_group())
        self._fed = True
        self._some.set()

    async def _next_group(self) -> list[Job[T]]:
        """Return new jobs when there is room for them; none when it is time to ask again."""
        if not self._deferred:
            return await self._jobs(await self._pull())
        wait = max(0.0, self._poll_at - time.monotonic())
        if self._exhausted:
            await asyncio.sleep(wait)
            return []
        deadline = asyncio.timeout(wait)
        try:
            async with deadline:
                pulled = await self._pull()
        except TimeoutError:
            if not deadline.expired():
                raise
            return []
        return await self._jobs(pulled)

    async def _pull(self) -> list[tuple[int, T]]:
        while len(self._todo) > self._enough or self._in_hand >= MOST_IN_HAND:
            self._hungry.clear()
            await self._hungry.wait()
        await self._space()
        return await self._source.pull_some(self._ahead)

    async def _jobs(self, pulled: Sequence[tuple[int, T]]) -> list[Job[T]]:
        self._adapt()
        self._exhausted = not pulled
        keys = await keys_of([item for _, item in pulled], self._key, self._limit)
        jobs: list[Job[T]] = []
        keyless: deque[Outcome[T, R]] = deque()
        for (index, item), key in zip(pulled, keys, strict=True):
            if isinstance(key, bytes):
                jobs.append((index, item, key))
            else:  # it has failed, and harms no other
                keyless.append(Outcome(index, item, None, key, 0))
        if keyless:
            await self._deliver(keyless)
        return jobs

    def _adapt(self) -> None:
        now = time.monotonic()
        took = now - self._leased_at
        self._leased_at = now
        if took < SHORT_S:
            self._ahead = min(MOST_AHEAD, self._ahead * 2)
        elif took > LONG_S:
            self._ahead = max(1, self._ahead // 2)
        self._enough = self._ahead // 2

    async def _lease(self, jobs: Sequence[Job[T]]) -> None:
        """Ask for new jobs, and again for those that another process had."""
        again = self._due_again()
        asked = [*again, *self._own(jobs)]
        if not asked:
            return
        name = self._name
        claims = await self._journal.lease([Entry(key, name(item)) for _, item, key in asked])
        done = self._sort(asked, claims)
        self._some.set()
        self._adapt_poll(len(again))
        await self._resume_all(done)

    def _due_again(self) -> list[Job[T]]:
        if time.monotonic() < self._poll_at:
            return []
        again = list(self._deferred.values())
        self._deferred.clear()
        return again

    def _adapt_poll(self, again: int) -> None:
        """Ask less and less often for what another process holds, until some of it is done."""
        now = time.monotonic()
        if again:
            got_on = len(self._deferred) < again
            self._poll = POLL_S[0] if got_on else min(POLL_S[1], self._poll * 1.5)
            self._poll_at = now + self._poll
        elif self._poll_at <= now:  # nobody was waited for yet
            self._poll = POLL_S[0]
            self._poll_at = now + self._poll

    def _own(self, jobs: Sequence[Job[T]]) -> list[Job[T]]:
        """Take jobs into our hands; return those that are not equal to one we have."""
        self._in_hand += len(jobs)
        first: list[Job[T]] = []
        owned = self._owned
        for job in jobs:
            key = job[2]
            if key not in owned:
                owned[key] = None
                first.append(job)
            elif (equals := owned[key]) is not None:
                equals.append(job)
            else:
                owned[key] = [job]
        return first

    def _sort(self, asked: Sequence[Job[T]], claims: Sequence[Claim]) -> list[tuple[Job[T], Claim]]:
        """Queue what is ours, defer what is another's, return what is done."""
        done: list[tuple[Job[T], Claim]] = []
        leased, queue = State.LEASED, self._todo.append
        for job, claim in zip(asked, claims, strict=True):
            state = claim.state
            if state is leased:
                queue(job)
            elif state is State.DONE:
                done.append((job, claim))
            else:
                self._deferred[job[2]] = job
        return done

    # What was done before.

    async def _resume_all(self, done: Iterable[tuple[Job[T], Claim]]) -> None:
        resumed: list[tuple[Job[T], Outcome[T, R], bytes]] = []
        until = time.monotonic() + SLICE_S
        for job, claim in done:
            resumed.append((job, self._resume(job, claim.value or b""), b""))
            if time.monotonic() > until:
                await self._deliver(self.settle(resumed))
                resumed.clear()
                await asyncio.sleep(0)
                until = time.monotonic() + SLICE_S
        if resumed:
            await self._deliver(self.settle(resumed))

    def _resume(self, job: Job[T], value: bytes) -> Outcome[T, R]:
        index, item, _ = job
        try:
            return Outcome(index, item, self._decode(value), None, 0, 0.0, True)
        except Exception as error:  # noqa: BLE001 - whatever a caller's decoder raises
            failure = StoreError("its stored result cannot be read; run it again with force")
            failure.__cause__ = error
            return Outcome(index, item, None, failure, 0, 0.0, True)


def _echo(outcome: Outcome[T, R], equals: Iterable[Job[T]]) -> list[Outcome[T, R]]:
    """Return the outcomes of equal inputs that waited for this one."""
    value, error = cast(R, outcome.value), outcome.error
    resumed = error is None or outcome.resumed
    return [Outcome(index, item, value, error, 0, 0.0, resumed) for index, item, _ in equals]
