"""Rows on PostgreSQL: prepared statements for one, COPY for many."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any, cast

from ai_catalyst.io.databases import Postgres
from ai_catalyst.io.repository_served import ServedRepository, pieces
from ai_catalyst.io.statements import OnConflict

__all__ = ["PostgresRepository"]

_COPIED = 10_000
"""Rows a COPY: encoding them takes some milliseconds of the loop's time, then others have it."""


class PostgresRepository(ServedRepository):
    """A table on PostgreSQL."""

    async def _execute(self, sql: str, values: Sequence[Any]) -> int:
        status = await self._manager.db_pool.execute(sql, *values)
        return int(status.rpartition(" ")[2])

    async def _fetch(self, sql: str, values: Sequence[Any]) -> list[Any]:
        rows: list[Any] = await self._manager.db_pool.fetch(sql, *values)
        return rows

    async def get(self, key: Any) -> dict[str, Any] | None:
        """Return the row with a key, on a connection held for such reads."""
        database = cast("Postgres", self._manager.database)
        value = self._sql.value(self._sql.key, key)
        row = await self._again(lambda: database.fetch_row(self._sql.get, value))
        return None if row is None else self._sql.row(row)

    async def _write_all(
        self, columns: list[str], rows: Iterable[tuple[Any, ...]], on_conflict: OnConflict
    ) -> None:
        table, schema = self._sql.table.name, self._sql.table.schema
        async with self._manager.connection() as connection, connection.transaction():
            if on_conflict == "error":
                await _copy(connection, table, schema, columns, rows)
                return
            place = f"incoming_{uuid.uuid4().hex[:12]}"
            await connection.execute(
                f"CREATE TEMP TABLE {place} ON COMMIT DROP AS "  # noqa: S608 - quoted names
                f"SELECT {', '.join(map(self._sql.quoted, columns))} "
                f"FROM {self._sql.name} WITH NO DATA"
            )
            await _copy(connection, place, None, columns, rows)
            listed = ", ".join(map(self._sql.quoted, columns))
            key = self._sql.quoted(self._sql.key)
            # One statement may not touch a row twice: of equal keys the last counts.
            source = (
                f"SELECT DISTINCT ON ({key}) {listed} FROM {place} "  # noqa: S608 - quoted names
                f"ORDER BY {key}, ctid {'DESC' if on_conflict == 'replace' else ''}"
            )
            await connection.execute(self._sql.insert(columns, on_conflict, source))

    async def _rows(self, sql: str, values: Sequence[Any], chunk: int) -> AsyncGenerator[Any, None]:
        async with self._manager.connection() as connection, connection.transaction(readonly=True):
            async for row in connection.cursor(sql, *values, prefetch=chunk):
                yield row


async def _copy(
    connection: Any,
    table: str,
    schema: str | None,
    columns: list[str],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    for some in pieces(rows, _COPIED):
        await connection.copy_records_to_table(
            table, schema_name=schema, columns=columns, records=some
        )
        await asyncio.sleep(0)
