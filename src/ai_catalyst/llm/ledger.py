"""What was paid and what left this machine: rows for the store, never a word of the text."""

from __future__ import annotations

import time
from collections import deque
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ai_catalyst.store import Cost, Egress

__all__ = ["Books", "Ledger"]

GATE_OFF = "GATE_OFF"
"""Stands among the findings of a departure when a person had turned the gate off."""


class Books(Protocol):
    """Where rows are kept: the store, or anything with these two methods."""

    async def record_costs(self, rows: Sequence[Cost]) -> None:
        """Keep one row an attempt."""
        ...

    async def record_egress(self, rows: Sequence[Egress]) -> None:
        """Keep one row a request that leaves this machine."""
        ...


class Ledger:
    """Writes one row an attempt and one row a departure, when there is a store to write to.

    ``run`` names what the calls belong to. Attempts are noted at once and written by `flush`, in
    one group; whoever is cancelled between the two leaves them to the next flush.
    """

    def __init__(self, books: Books | None, run: str = "") -> None:
        """Write to ``books``, or nowhere when None."""
        self.books = books
        self.run = run
        self._rows: deque[Cost] = deque()
        self._kinds: Any = None
        if books is not None:  # then the store is imported anyway
            self._kinds = import_module("ai_catalyst.store.ledger")

    async def departure(
        self, endpoint: str, host: str, size: int, findings: Mapping[str, int], *, raw: bool
    ) -> None:
        """Note, before it happens, that ``size`` bytes leave; ``raw`` when the gate was off."""
        if self.books is None:
            return
        kinds = {**findings, GATE_OFF: 1} if raw else dict(findings)
        row = self._kinds.Egress(time.time(), endpoint, host, size, kinds, self.run)
        await self.books.record_egress([row])

    def attempt(
        self, endpoint: str, model: str, tokens: tuple[int, int], cost_usd: float, outcome: str
    ) -> None:
        """Note how an attempt ended and what it cost; written by the next `flush`."""
        if self.books is None:
            return
        self._rows.append(
            self._kinds.Cost(time.time(), endpoint, model, *tokens, cost_usd, outcome, self.run)
        )

    async def flush(self) -> None:
        """Write what was noted."""
        if self.books is None or not self._rows:
            return
        rows = [self._rows.popleft() for _ in range(len(self._rows))]
        try:
            await self.books.record_costs(rows)
        except BaseException:
            self._rows.extendleft(reversed(rows))
            raise
