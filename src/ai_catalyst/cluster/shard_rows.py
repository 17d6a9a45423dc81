"""The rows of shards and poison: written by the driver, read by workers, one database for all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from ai_catalyst.cluster.places import Place, pack, unpack
from ai_catalyst.cluster.shards import Poison, Shard
from ai_catalyst.errors import StoreError
from ai_catalyst.store.scripts import Ask, Script

__all__ = ["Database", "ShardRows"]

NOW = "extract(epoch FROM clock_timestamp())::float8"
KEPT_S = 7 * 86400.0
"""How long what a killed run left of its plan is kept, in seconds."""

_PUT = """
INSERT INTO shards(run, number, first, count, state, attempts, owner, done, failed, sources)
VALUES (?, ?, ?, ?, ?, ?, '', 0, 0, ?)
ON CONFLICT (run, number) DO UPDATE SET first = excluded.first, count = excluded.count,
state = excluded.state, attempts = excluded.attempts, sources = excluded.sources
"""
_END = """
UPDATE shards SET state = 'done', done = ?, failed = ?, error = NULL, sources = ''
WHERE run = ? AND number = ?
"""
_POISON = f"""
INSERT INTO poisoned(stage, label, key, run, deaths, error, at) VALUES (?, ?, ?, ?, ?, ?, {NOW})
ON CONFLICT (stage, label, key) DO UPDATE SET run = excluded.run, deaths = excluded.deaths,
error = excluded.error, at = excluded.at
"""  # noqa: S608 - no outside text
_DONE_BY = """
SELECT count(*) FROM run_items i JOIN journal j ON j.key = i.key
WHERE i.run = ? AND i.error IS NULL AND j.state = 'done' AND j.run = ?
"""
_CAUSES = """
SELECT DISTINCT split_part(error, ':', 1) FROM run_items WHERE run = ? AND error IS NOT NULL
"""


class Database(Protocol):
    """What is needed of PostgreSQL."""

    async def write(self, script: Any) -> Any:
        """Run a script as one transaction."""
        ...

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
        """Return the rows of one question."""
        ...


class ShardRows:
    """What is known of one run's shards. Raises `StoreError`."""

    def __init__(self, database: Database, run: str) -> None:
        """Belong to a run."""
        self._database = database
        self._run = run

    # For the driver.

    async def put(self, shards: Sequence[Shard], state: str = "waiting") -> None:
        """Write shards down, as they are now."""
        packed = await asyncio.to_thread(lambda: [pack(shard.places) for shard in shards])
        rows = [
            (
                self._run,
                shard.number,
                shard.places[0].number,
                shard.count,
                state,
                shard.deaths,
                sources,
            )
            for shard, sources in zip(shards, packed, strict=True)
        ]
        await self._write(Ask(_PUT, rows, many=True))

    async def begin(self, shard: Shard, owner: str) -> None:
        """Write down who takes a shard."""
        sql = "UPDATE shards SET state = 'running', owner = ? WHERE run = ? AND number = ?"
        await self._write(Ask(sql, (owner, self._run, shard.number)))

    async def end(self, shard: Shard, done: int, failed: int) -> None:
        """Write down that a shard is done; what it was made of is no longer needed."""
        await self._write(Ask(_END, (done, failed, self._run, shard.number)))

    async def replace(self, shard: Shard, by: Sequence[Shard]) -> None:
        """Put other shards in a shard's place."""
        if all(other.number != shard.number for other in by):
            sql = "UPDATE shards SET state = 'cut', sources = '' WHERE run = ? AND number = ?"
            await self._write(Ask(sql, (self._run, shard.number)))
        await self.put(by)

    async def error_of(self, shard: Shard) -> str:
        """Return why a shard could not be done, as its worker wrote it down."""
        sql = "SELECT error FROM shards WHERE run = ? AND number = ?"
        rows = await self._database.rows(sql, (self._run, shard.number))
        return str(rows[0][0] or "") if rows else ""

    async def poison(self, stage: str, poison: Poison, error: str) -> None:
        """Write down what ends every worker it meets."""
        row = (stage, poison.label, poison.key, self._run, poison.deaths, error)
        await self._write(Ask(_POISON, row))

    async def forgive(self, named_in: str) -> None:
        """Let what an earlier run named, and what poisoned it, be tried again."""
        sql = "DELETE FROM poisoned WHERE label IN (SELECT uri FROM run_items WHERE run = ?)"
        await self._write(Ask(sql, (named_in,)))

    async def sweep(self) -> None:
        """Drop this run's shards, and what killed runs left of theirs long ago."""
        old = f"SELECT id FROM runs WHERE started < {NOW} - ?"  # noqa: S608 - no outside text
        await self._write(
            Ask("DELETE FROM shards WHERE run = ?", (self._run,)),
            Ask(f"DELETE FROM shards WHERE run IN ({old})", (KEPT_S,)),  # noqa: S608 - ours
        )

    # What became of the run.

    async def done_now(self) -> int:
        """Return how many of the run's documents were understood by it, not by an earlier one."""
        return int((await self._database.rows(_DONE_BY, (self._run, self._run)))[0][0])

    async def causes(self) -> set[str]:
        """Return the names of the errors that documents failed with."""
        return {str(row[0]) for row in await self._database.rows(_CAUSES, (self._run,))}

    async def failures(self, most: int) -> list[tuple[str, str]]:
        """Return URI and error of the first documents that failed, in source order."""
        sql = (
            "SELECT uri, error FROM run_items WHERE run = ? AND error IS NOT NULL "
            "ORDER BY position LIMIT ?"
        )
        rows = await self._database.rows(sql, (self._run, most))
        return [(str(row[0]), str(row[1])) for row in rows]

    async def totals(self) -> tuple[int, int]:
        """Return the run's documents, and those that failed."""
        sql = "SELECT count(*), count(error) FROM run_items WHERE run = ?"
        counted = (await self._database.rows(sql, (self._run,)))[0]
        return int(counted[0]), int(counted[1])

    async def drop_items(self, positions: Sequence[int]) -> None:
        """Take documents out of the run."""
        sql = "DELETE FROM run_items WHERE run = ? AND position = ?"
        await self._write(Ask(sql, [(self._run, place) for place in positions], many=True))

    # For a worker.

    async def places(self, number: int) -> list[Place]:
        """Return what a shard is made of. Raises `StoreError` when there is no such shard."""
        sql = "SELECT sources FROM shards WHERE run = ? AND number = ?"
        rows = await self._database.rows(sql, (self._run, number))
        if not rows or not rows[0][0]:
            raise StoreError(f"the database does not know shard {number} of run {self._run}")
        return await asyncio.to_thread(unpack, bytes(rows[0][0]))

    async def blame(self, number: int, error: str) -> None:
        """Write down why a shard could not be done."""
        sql = "UPDATE shards SET error = ? WHERE run = ? AND number = ?"
        await self._write(Ask(sql, (error, self._run, number)))

    async def poisons(self, stage: str) -> dict[tuple[str, bytes], str]:
        """Return errors by label and key (empty for a whole source) of what is left out."""
        sql = "SELECT label, key, error FROM poisoned WHERE stage = ?"
        rows = await self._database.rows(sql, (stage,))
        return {(str(row[0]), bytes(row[1])): str(row[2]) for row in rows}

    async def _write(self, *asks: Ask) -> None:
        def script() -> Script[None]:
            for ask in asks:  # noqa: UP028 - a tuple is sent no rows
                yield ask

        await self._database.write(script)
