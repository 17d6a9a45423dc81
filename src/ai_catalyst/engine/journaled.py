"""Work under a journal: leased before, durable before its outcome is handed on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar

from ai_catalyst.engine.attempt import Attempts, Desk, Later, hire
from ai_catalyst.engine.commits import Commits
from ai_catalyst.engine.journal import Journal
from ai_catalyst.engine.leases import Deliver, Leases
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
        begin: Callable[[T], Later] | None,
        space: Callable[[], Awaitable[None]],
        deliver: Deliver[T, R],
    ) -> None:
        """Take the parts of a batch."""
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
        self._desk: Desk[T, R] = Desk(
            self._leases.take, self._leases.wait, self._commits.keep, begin
        )

    async def start(self, group: asyncio.TaskGroup, attempts: Attempts[T, R], workers: int) -> None:
        """Run feeder, workers and committer in ``group``."""
        group.create_task(self._leases.feed())
        group.create_task(self._commits.run())
        crew = await hire(group, workers, lambda: attempts.work(self._desk))
        group.create_task(self._end_after(crew))

    async def _end_after(self, crew: Iterable[asyncio.Task[None]]) -> None:
        await asyncio.wait(crew)
        self._commits.end()

    async def close(self) -> None:
        """Commit what is finished and give back what is not, also after a cancellation."""
        try:
            await self._commits.flush()
        finally:
            await self._leases.release()
