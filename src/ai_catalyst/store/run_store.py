"""What a run needs of a store, whether that is a file of this machine or a database of many."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from ai_catalyst.engine.journal import Journal
from ai_catalyst.store.runs import RunItem, RunItems, Runs

if TYPE_CHECKING:
    from ai_catalyst.store.cache import Cache
    from ai_catalyst.store.forget import Forgotten
    from ai_catalyst.store.ledger import Cost, CostSum, Egress, Ledger
    from ai_catalyst.store.stats import StoreStats

__all__ = ["RunStore"]


class RunStore(ABC):
    """What `Store` and `SharedStore` both do.

    ``cache`` is of this machine, or on a Redis server; ``runs`` is the record of runs, ``ledger``
    the books.
    """

    cache: Cache
    runs: Runs
    ledger: Ledger

    @abstractmethod
    def journal(self, run: str = "", stage: str = "", *, refresh: bool = False) -> Journal:
        """Return the journal of one stage of a run."""

    @abstractmethod
    async def is_done(self, key: bytes) -> bool:
        """Say whether the journal has a result under a key."""

    # Runs.

    async def start_run(self, command: str, *, options: str = "") -> str:
        """Write down that a run begins; returns its id. ``options`` is a digest of its options."""
        return await self.runs.start(command, options=options)

    async def finish_run(
        self, run: str, status: str, counts: Mapping[str, int] | None = None
    ) -> None:
        """Write down how a run ended."""
        await self.runs.finish(run, status, counts)

    async def add_run_items(self, run: str, items: Sequence[RunItem]) -> None:
        """Write a group of a run's items, durable when it returns."""
        await self.runs.add(run, items)

    def run_items(self, run: str) -> RunItems:
        """Return what takes a run's items one by one, inside ``async with``."""
        return RunItems(self.runs, run)

    def stream_run(self, run: str) -> AsyncIterator[RunItem]:
        """Yield a run's items in source order, each with its value from the journal."""
        return self.runs.stream(run)

    async def prune_runs(self, keep: int) -> None:
        """Drop the items of all but the newest ``keep`` runs; the runs themselves stay."""
        await self.runs.prune(keep)

    # Ledgers.

    async def record_egress(self, rows: Sequence[Egress]) -> None:
        """Write down what left this machine; durable when it returns."""
        await self.ledger.record_egress(rows)

    async def record_costs(self, rows: Sequence[Cost]) -> None:
        """Write down what calls cost; durable when it returns."""
        await self.ledger.record_costs(rows)

    def egress(
        self, *, run: str | None = None, since: float | None = None
    ) -> AsyncIterator[Egress]:
        """Yield what left, oldest first; of one run, or since a time."""
        return self.ledger.egress(run=run, since=since)

    async def costs(
        self,
        by: Literal["day", "run", "endpoint", "model"] = "day",
        *,
        run: str | None = None,
        since: float | None = None,
    ) -> list[CostSum]:
        """Return what was paid, summed by day (UTC), run, endpoint or model."""
        return await self.ledger.costs(by, run=run, since=since)

    async def spent_usd(self, *, run: str | None = None, since: float | None = None) -> float:
        """Return what was paid in all, by a run, or since a time."""
        return await self.ledger.spent_usd(run=run, since=since)

    # The whole.

    @abstractmethod
    async def stats(self) -> StoreStats:
        """Return what the store holds."""

    @abstractmethod
    async def forget(
        self, name: str | None = None, *, older_than_s: float | None = None
    ) -> Forgotten:
        """Erase a document, a folder, a run, or what is older, and all that came of it."""

    @abstractmethod
    async def close(self) -> None:
        """Commit what was submitted and let go of what is open."""

    async def __aenter__(self) -> Self:
        """Return the store; it opens by itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.close()
