"""The ledgers: where text was sent, and what it cost. Numbers and names, never the text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Literal

import msgspec

from ai_catalyst.errors import UserError
from ai_catalyst.store.readers import Readers
from ai_catalyst.store.writer import Writer

__all__ = ["Cost", "CostSum", "Egress", "Ledger"]

_PUT_EGRESS = """
INSERT INTO egress(at, run, endpoint, host, bytes, findings) VALUES (?, ?, ?, ?, ?, ?)
"""
_PUT_COST = """
INSERT INTO costs(at, run, endpoint, model, prompt_tokens, completion_tokens, cost_usd, outcome)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_GROUPS = {"day": "date(at, 'unixepoch')", "run": "run", "endpoint": "endpoint", "model": "model"}


class Egress(msgspec.Struct, frozen=True):
    """Text that left for an endpoint: ``at`` when (seconds since the epoch), to which host, how
    many ``bytes``, and how many ``findings`` of each kind had been replaced in it.
    """

    at: float
    endpoint: str
    host: str
    bytes: int
    findings: Mapping[str, int] = {}
    run: str = ""


class Cost(msgspec.Struct, frozen=True):
    """One call of a model and what it cost; ``outcome`` is ``ok`` or the kind of failure."""

    at: float
    endpoint: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    outcome: str = "ok"
    run: str = ""


class CostSum(msgspec.Struct, frozen=True):
    """What a day, a run, an endpoint or a model cost; ``name`` says which."""

    name: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float


class Ledger:
    """Writes both ledgers and reads them back."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        """Use the store's writer and readers."""
        self._writer = writer
        self._readers = readers

    async def record_egress(self, rows: Sequence[Egress]) -> None:
        """Write down what left; durable when it returns."""
        values = [
            (r.at, r.run, r.endpoint, r.host, r.bytes, msgspec.json.encode(r.findings).decode())
            for r in rows
        ]
        await self._writer.submit(lambda c: c.executemany(_PUT_EGRESS, values))

    async def record_costs(self, rows: Sequence[Cost]) -> None:
        """Write down what calls cost; durable when it returns."""
        values = [
            (
                r.at,
                r.run,
                r.endpoint,
                r.model,
                r.prompt_tokens,
                r.completion_tokens,
                r.cost_usd,
                r.outcome,
            )
            for r in rows
        ]
        await self._writer.submit(lambda c: c.executemany(_PUT_COST, values))

    async def egress(
        self, *, run: str | None = None, since: float | None = None
    ) -> AsyncIterator[Egress]:
        """Yield what left, oldest first; of one run, or since a time."""
        sql = (
            "SELECT at, endpoint, host, bytes, findings, run FROM egress "
            "WHERE (?1 IS NULL OR run = ?1) AND at >= coalesce(?2, at) ORDER BY at, id"
        )
        async for row in self._readers.stream(sql, (run, since)):
            at, endpoint, host, bytes_, findings, of_run = row
            yield Egress(at, endpoint, host, bytes_, msgspec.json.decode(findings), of_run)

    async def costs(
        self,
        by: Literal["day", "run", "endpoint", "model"] = "day",
        *,
        run: str | None = None,
        since: float | None = None,
    ) -> list[CostSum]:
        """Return what was paid, summed by day (UTC), run, endpoint or model, in their order."""
        if by not in _GROUPS:
            raise UserError(f"costs by {by!r}: it is one of {', '.join(_GROUPS)}")
        sql = (
            f"SELECT {_GROUPS[by]} AS name, count(*), sum(prompt_tokens), "  # noqa: S608 - ours
            "sum(completion_tokens), sum(cost_usd) FROM costs "
            "WHERE (?1 IS NULL OR run = ?1) AND at >= coalesce(?2, at) GROUP BY name ORDER BY name"
        )
        rows = await self._readers.read(lambda c: c.execute(sql, (run, since)).fetchall())
        return [CostSum(*row) for row in rows]

    async def spent_usd(self, *, run: str | None = None, since: float | None = None) -> float:
        """Return what was paid in all, by a run, or since a time."""
        sql = (
            "SELECT coalesce(sum(cost_usd), 0.0) FROM costs "
            "WHERE (?1 IS NULL OR run = ?1) AND at >= coalesce(?2, at)"
        )
        row = await self._readers.read(lambda c: c.execute(sql, (run, since)).fetchone())
        return float(row[0])
