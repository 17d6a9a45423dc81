"""Work under a journal: leased before, durable before its outcome is handed on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from ai_catalyst.engine.attempt import cancelling
from ai_catalyst.engine.commits import Commits
from ai_catalyst.engine.journal import Journal
from ai_catalyst.engine.leases import Deliver, Leases
from ai_catalyst.engine.outcome import Outcome
from ai_catalyst.engine.source import Source

__all__ = ["JournaledWork"]

T = TypeVar("T")
R = TypeVar("R")


class JournaledWork(Generic[T, R]):
    """Feeds leased items to workers and commits their results in groups.

    Three parts run beside each other: the feeder leases groups of items, workers turn them into
    outcomes, the committer makes results durable and only then delivers them.
    """

    def __init__(
        self,
        journal: Journal,
        source: Source[T],
        *,
        limit: int,
        key: Callable[[T], bytes | Awaitable[bytes]],
        encode: Callable[[R], bytes],
        decode: Callable[[bytes], R],
        name: Callable[[T], str],
        one: Callable[[int, T], Awaitable[Outcome[T, R]]],
        space: Callable[[], Awaitable[bool]],
        deliver: Deliver[T, R],
    ) -> None:
        """Take the parts of a batch; ``one`` turns an item into its outcome."""
        self._one = one
        self._leases: Leases[T, R] = Leases(
            journal,
            source,
            limit=limit,
            key=key,
            decode=decode,
            name=name,
            space=space,
            deliver=deliver,
        )
        self._commits: Commits[T, R] = Commits(
            journal, self._leases, encode=encode, deliver=deliver
        )
        self._working = 0

    def start(self, group: asyncio.TaskGroup) -> None:
        """Run feeder and committer in ``group``; `work` is for the workers."""
        group.create_task(self._leases.feed())
        group.create_task(self._commits.run())

    async def work(self) -> None:
        """Be one worker."""
        self._working += 1
        leases, commits, one = self._leases, self._commits, self._one
        cancelled = cancelling()
        try:
            while not cancelled():
                if (job := leases.take()) is not None:
                    commits.keep(job, await one(job.index, job.item))
                elif not await leases.wait():
                    return
        finally:
            self._working -= 1
            if not self._working:
                commits.end()

    async def close(self) -> None:
        """Commit what is finished and give back what is not, also after a cancellation."""
        try:
            await self._commits.flush()
        finally:
            await self._leases.release()
