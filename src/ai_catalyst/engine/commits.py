"""Results made durable in groups, and only then handed on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

from ai_catalyst.engine.journal import Journal
from ai_catalyst.engine.leases import Deliver, Job, Leases, echo
from ai_catalyst.engine.outcome import Outcome
from ai_catalyst.errors import CatalystError, ProcessingError

__all__ = ["Commits", "describe"]

T = TypeVar("T")
R = TypeVar("R")

_Finished = tuple[Job[T], Outcome[T, R], bytes]


class Commits(Generic[T, R]):
    """Takes outcomes from workers, writes them to the journal as groups, and delivers them.

    A group is what finished while the one before it was written: the faster the work, the bigger
    the groups, and nothing waits longer than one write.
    """

    def __init__(
        self,
        journal: Journal,
        leases: Leases[T, R],
        *,
        encode: Callable[[R], bytes],
        deliver: Deliver[T, R],
    ) -> None:
        """Write to ``journal`` what was leased with ``leases``."""
        self._journal = journal
        self._leases = leases
        self._encode = encode
        self._deliver = deliver
        self._finished: list[_Finished[T, R]] = []
        self._committing: list[_Finished[T, R]] = []
        self._outgoing: deque[Outcome[T, R]] = deque()
        self._some = asyncio.Event()
        self._last = False

    def keep(self, job: Job[T], outcome: Outcome[T, R]) -> None:
        """Take a finished job; a result that cannot be encoded is a failure of its item."""
        encoded = b""
        if outcome.error is None:
            try:
                encoded = self._encode(cast(R, outcome.value))
            except Exception as error:  # noqa: BLE001 - whatever a caller's encoder raises
                outcome.error = ProcessingError("the result cannot be encoded for the journal")
                outcome.error.__cause__ = error
                outcome.value = None
        if not self._finished:
            self._some.set()
        self._finished.append((job, outcome, encoded))

    def end(self) -> None:
        """Hear that nothing more will be finished."""
        self._last = True
        self._some.set()

    async def run(self) -> None:
        """Commit and deliver until the end."""
        while self._finished or not self._last:
            await self._some.wait()
            self._some.clear()
            if self._finished:
                self._committing, self._finished = self._finished, []
                await self.flush()

    async def flush(self) -> None:
        """Commit and deliver what is finished, also what a cancellation left half done."""
        self._committing += self._finished
        self._finished = []
        if self._committing:
            await self._commit(self._committing)
            self._committing = []
        if self._outgoing:
            await self._deliver(self._outgoing)

    async def _commit(self, finished: Sequence[_Finished[T, R]]) -> None:
        done = [(job.key, encoded) for job, outcome, encoded in finished if outcome.error is None]
        if done:
            await self._journal.commit(done)
        if len(done) < len(finished):
            await self._journal.fail(
                [(job.key, describe(o.error)) for job, o, _ in finished if o.error is not None]
            )
        for job, outcome, _ in finished:
            self._outgoing.append(outcome)
            if equals := self._leases.settle(job):
                self._outgoing.extend(echo(outcome, equals))


def describe(error: BaseException) -> str:
    """Return what may be kept of an error: our own messages hold no text of people, others' may."""
    kind = type(error).__name__
    return f"{kind}: {error}" if isinstance(error, CatalystError) else kind
