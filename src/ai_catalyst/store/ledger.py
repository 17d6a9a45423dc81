"""The ledgers: where text was sent, and what it cost. Numbers and names, never the text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from ai_catalyst.errors import UserError
from ai_catalyst.store.scripts import Ask, Driver, Script

__all__ = ["Cost", "CostSum", "Egress", "Ledger"]

PAGE = 512

_PUT_EGRESS = """
INSERT INTO egress(at, run, endpoint, host, bytes, findings) VALUES (?, ?, ?, ?, ?, ?)
"""
_PUT_COST = """
INSERT INTO costs(at, run, endpoint, model, prompt_tokens, completion_tokens, cost_usd, outcome)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_DAYS = ("date(at, 'unixepoch')", "to_char(to_timestamp(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD')")
_GROUPS = {"day": _DAYS, "run": ("run",), "endpoint": ("endpoint",), "model": ("model",)}
"""What costs are summed by: in SQLite first, in PostgreSQL last."""
_OF_RUN = "(CAST(?1 AS TEXT) IS NULL OR run = ?1)"
_LEFT = f"""
SELECT at, endpoint, host, bytes, findings, run, id FROM egress
WHERE {_OF_RUN} AND (at, id) > (?2, ?3) ORDER BY at, id LIMIT {PAGE}
"""  # noqa: S608 - no outside text
_SUMS = """
SELECT {name} AS name, count(*), CAST(sum(prompt_tokens) AS BIGINT),
CAST(sum(completion_tokens) AS BIGINT), sum(cost_usd) FROM costs
WHERE {of_run} AND at >= ?2 GROUP BY 1
"""
_SPENT = f"SELECT coalesce(sum(cost_usd), 0.0) FROM costs WHERE {_OF_RUN} AND at >= ?2"  # noqa: S608
_BEGINNING = -1e308


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

    def __init__(self, driver: Driver) -> None:
        """Use the store's database."""
        self._driver = driver

    async def record_egress(self, rows: Sequence[Egress]) -> None:
        """Write down what left; durable when it returns."""
        values = [
            (r.at, r.run, r.endpoint, r.host, r.bytes, msgspec.json.encode(r.findings).decode())
            for r in rows
        ]
        await self._write(_PUT_EGRESS, values)

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
        await self._write(_PUT_COST, values)

    async def egress(
        self, *, run: str | None = None, since: float | None = None
    ) -> AsyncIterator[Egress]:
        """Yield what left, oldest first; of one run, or since a time."""
        after = (_BEGINNING if since is None else since, -1)
        while rows := await self._driver.rows(_LEFT, (run, *after)):
            for at, endpoint, host, bytes_, findings, of_run, id_ in rows:
                after = at, id_
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
        name = _GROUPS[by][-1 if self._driver.postgres else 0]
        sql = _SUMS.format(name=name, of_run=_OF_RUN)
        rows = await self._driver.rows(sql, (run, _BEGINNING if since is None else since))
        return sorted((CostSum(*row) for row in rows), key=lambda each: each.name)

    async def spent_usd(self, *, run: str | None = None, since: float | None = None) -> float:
        """Return what was paid in all, by a run, or since a time."""
        rows = await self._driver.rows(_SPENT, (run, _BEGINNING if since is None else since))
        return float(rows[0][0])

    async def _write(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        def script() -> Script[None]:
            yield Ask(sql, rows, many=True)

        await self._driver.write(script)
