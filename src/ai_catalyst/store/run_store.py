"""What a run needs of a store, whether that is a file of this machine or a database of many."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self

from ai_catalyst.engine.journal import Journal

if TYPE_CHECKING:
    from ai_catalyst.store.cache import Cache
    from ai_catalyst.store.forget import Forgotten
    from ai_catalyst.store.ledger import Cost, CostSum, Egress
    from ai_catalyst.store.runs import RunItem, RunItems, Runs
    from ai_catalyst.store.stats import StoreStats

__all__ = ["RunStore"]


class RunStore(Protocol):
    """What `Store` and `SharedStore` both do; the words are theirs."""

    @property
    def cache(self) -> Cache:
        """What costs time or money to have again; of this machine, or on a Redis server."""
        ...

    @property
    def runs(self) -> Runs:
        """The record of runs."""
        ...

    def journal(self, run: str = "", stage: str = "", *, refresh: bool = False) -> Journal:
        """Return the journal of one stage of a run."""
        ...

    async def start_run(self, command: str, *, options: str = "") -> str:
        """Write down that a run begins; returns its id."""
        ...

    async def finish_run(
        self, run: str, status: str, counts: Mapping[str, int] | None = None
    ) -> None:
        """Write down how a run ended."""
        ...

    async def add_run_items(self, run: str, items: Sequence[RunItem]) -> None:
        """Write a group of a run's items, durable when it returns."""
        ...

    def run_items(self, run: str) -> RunItems:
        """Return what takes a run's items one by one, inside ``async with``."""
        ...

    def stream_run(self, run: str) -> AsyncIterator[RunItem]:
        """Yield a run's items in source order, each with its value from the journal."""
        ...

    async def prune_runs(self, keep: int) -> None:
        """Drop the items of all but the newest ``keep`` runs; the runs themselves stay."""
        ...

    async def is_done(self, key: bytes) -> bool:
        """Say whether the journal has a result under a key."""
        ...

    async def record_egress(self, rows: Sequence[Egress]) -> None:
        """Write down what left this machine; durable when it returns."""
        ...

    async def record_costs(self, rows: Sequence[Cost]) -> None:
        """Write down what calls cost; durable when it returns."""
        ...

    def egress(
        self, *, run: str | None = None, since: float | None = None
    ) -> AsyncIterator[Egress]:
        """Yield what left, oldest first; of one run, or since a time."""
        ...

    async def costs(
        self,
        by: Literal["day", "run", "endpoint", "model"] = "day",
        *,
        run: str | None = None,
        since: float | None = None,
    ) -> list[CostSum]:
        """Return what was paid, summed by day (UTC), run, endpoint or model."""
        ...

    async def spent_usd(self, *, run: str | None = None, since: float | None = None) -> float:
        """Return what was paid in all, by a run, or since a time."""
        ...

    async def stats(self) -> StoreStats:
        """Return what the store holds."""
        ...

    async def forget(
        self, name: str | None = None, *, older_than_s: float | None = None
    ) -> Forgotten:
        """Erase a document, a folder, a run, or what is older, and all that came of it."""
        ...

    async def close(self) -> None:
        """Commit what was submitted and let go of what is open."""
        ...

    async def __aenter__(self) -> Self:
        """Return the store; it opens by itself."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        ...
