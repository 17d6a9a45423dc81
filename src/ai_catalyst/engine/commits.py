"""Results made durable in groups, and only then handed on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

from ai_catalyst.engine.journal import Journal
from ai_catalyst.engine.leases import Deliver, Job, Leases
from ai_catalyst.engine.outcome import Outcome
from ai_catalyst.errors import CatalystError, ProcessingError

__all__ = ["Commits", "describe"]

T = TypeVar("T")
R = TypeVar("R")

GROUP = 1024
"""Results that are written at once without waiting for more."""
LINGER_S = 0.01
"""How long fewer results wait for others to be written with, in seconds."""

_Finished = tuple[Job[T], Outcome[T, R], bytes]


class Commits(Generic[T, R]):
    """Takes outcomes from workers, writes them to the journal as groups, and delivers them.

    A durable write costs about the same for one result as for a hundred, so a group is what
    finished within `LINGER_S`, or `GROUP` results, and what more there is by then.
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
        self._due = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None
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
        self._finished.append((job, outcome, encoded))
        if len(self._finished) >= GROUP:
            self._due.set()
        elif self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(LINGER_S, self._due.set)

    def end(self) -> None:
        """Hear that nothing more will be finished."""
        self._last = True
        self._due.set()

    async def run(self) -> None:
        """Commit and deliver until the end."""
        while self._finished or not self._last:
            await self._due.wait()
            await self.flush()

    async def flush(self) -> None:
        """Commit and deliver what is finished, also what a cancellation left half done."""
        self._due.clear()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._committing += self._finished
        self._finished = []
        if self._committing:
            await self._commit(self._committing)
            self._committing = []
        if self._outgoing:
            await self._deliver(self._outgoing)

    async def _commit(self, finished: Sequence[_Finished[T, R]]) -> None:
        done: list[tuple[bytes, bytes]] = []
        failed: list[tuple[bytes, str]] = []
        for (_, _, key), outcome, encoded in finished:
            if outcome.error is None:
                done.append((key, encoded))
            else:
                failed.append((key, describe(outcome.error)))
        if done:
            await self._journal.commit(done)
        if failed:
            await self._journal.fail(failed)
        self._outgoing += self._leases.settle(finished)


def describe(error: BaseException) -> str:
    """Return what may be kept of an error: our own messages hold no text of people, others' may."""
    kind = type(error).__name__
    return f"{kind}: {error}" if isinstance(error, CatalystError) else kind
