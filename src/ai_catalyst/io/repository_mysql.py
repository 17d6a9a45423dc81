"""Rows on MySQL and MariaDB: statements of many rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import suppress
from typing import Any

from ai_catalyst.io.repository_served import ServedRepository, pieces
from ai_catalyst.io.statements import OnConflict

__all__ = ["MySQLRepository"]

_INSERTED = 1000


class MySQLRepository(ServedRepository):
    """A table on MySQL or MariaDB."""

    async def _execute(self, sql: str, values: Sequence[Any]) -> int:
        async with self._manager.connection() as connection, connection.cursor() as cursor:
            await cursor.execute(sql, tuple(values))
            return int(cursor.rowcount)

    async def _fetch(self, sql: str, values: Sequence[Any]) -> list[Any]:
        async with self._manager.connection() as connection, connection.cursor() as cursor:
            await cursor.execute(sql, tuple(values))
            rows: list[Any] = await cursor.fetchall()
            return rows

    async def _write_all(
        self, columns: list[str], rows: Iterable[tuple[Any, ...]], on_conflict: OnConflict
    ) -> None:
        sql = self._sql.insert(columns, on_conflict)
        async with self._manager.connection() as connection:
            await connection.begin()
            try:
                async with connection.cursor() as cursor:
                    for some in pieces(rows, _INSERTED):
                        await cursor.executemany(sql, some)
                        await asyncio.sleep(0)
                await connection.commit()
            except Exception:
                with suppress(Exception):  # the connection may be what failed
                    await connection.rollback()
                raise

    async def _rows(self, sql: str, values: Sequence[Any], chunk: int) -> AsyncGenerator[Any, None]:
        from asyncmy.cursors import SSCursor

        async with (
            self._manager.connection() as connection,
            connection.cursor(SSCursor) as cursor,
        ):
            await cursor.execute(sql, tuple(values))
            while some := await cursor.fetchmany(chunk):
                for row in some:
                    yield row
