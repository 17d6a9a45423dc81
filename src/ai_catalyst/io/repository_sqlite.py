"""Rows in SQLite: one thread writes what arrives together in one commit, another reads."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ai_catalyst.errors import CatalystError
from ai_catalyst.io.database_faults import explain
from ai_catalyst.io.databases import Sqlite
from ai_catalyst.io.lane import Lane
from ai_catalyst.io.statements import OnConflict, Row, Statements

if TYPE_CHECKING:
    from ai_catalyst.io.connections import AsyncConnectionManager

__all__ = ["SqliteRepository"]

T = TypeVar("T")


class SqliteRepository:
    """A table in a SQLite file or in memory."""

    def __init__(self, manager: AsyncConnectionManager, statements: Statements) -> None:
        """Work in the lanes of the manager's database."""
        self._database = cast("Sqlite", manager.database)
        self._manager = manager
        self._sql = statements

    async def _in(self, lane: Lane, run: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await lane.submit(run)
        except (CatalystError, asyncio.CancelledError):
            raise
        except Exception as error:
            raise explain(error, f"table {self._sql.table.name}") from error

    async def _write(self, run: Callable[[sqlite3.Connection], T]) -> T:
        return await self._in(self._database.writer, run)

    async def _read(self, run: Callable[[sqlite3.Connection], T]) -> T:
        return await self._in(self._database.reader, run)

    async def create(self) -> None:
        """Make the table and its indexes if they are not there."""
        from sqlalchemy.schema import CreateIndex, CreateTable

        table = self._sql.table
        made = [CreateTable(table, if_not_exists=True)]
        made += [CreateIndex(index, if_not_exists=True) for index in table.indexes]  # type: ignore[misc]
        texts = [str(one.compile(dialect=self._sql.dialect)) for one in made]

        def run(connection: sqlite3.Connection) -> None:
            for text in texts:
                connection.execute(text)

        await self._write(run)

    async def get(self, key: Any) -> dict[str, Any] | None:
        """Return the row with a key."""
        sql, value = self._sql.get, (self._sql.value(self._sql.key, key),)
        row = await self._read(lambda connection: connection.execute(sql, value).fetchone())
        return None if row is None else self._sql.row(row)

    async def get_many(self, keys: Iterable[Any]) -> list[dict[str, Any]]:
        """Return the rows with some keys."""
        values = [(self._sql.value(self._sql.key, key),) for key in keys]
        sql = self._sql.get

        def run(connection: sqlite3.Connection) -> list[dict[str, Any]]:
            found = (connection.execute(sql, value).fetchone() for value in values)
            return [self._sql.row(row) for row in found if row is not None]

        return await self._read(run)

    async def add(self, row: Row, *, on_conflict: OnConflict = "error") -> bool:
        """Write one row."""
        columns = self._sql.columns_of(row)
        sql = self._sql.insert(columns, on_conflict)
        values = self._sql.getter(columns)(row)
        return await self._write(lambda connection: connection.execute(sql, values).rowcount) > 0

    async def add_many(self, rows: Iterable[Row], *, on_conflict: OnConflict = "error") -> int:
        """Write many rows in one transaction."""
        held = rows if isinstance(rows, list) else list(rows)

        def run(connection: sqlite3.Connection) -> None:
            columns, values = self._sql.rows(held)
            if columns:
                connection.executemany(self._sql.insert(columns, on_conflict), values)

        await self._write(run)
        return len(held)

    async def update(self, changes: Row, where: Row) -> int:
        """Change rows."""
        sql, values = self._sql.update(changes, where)
        return await self._write(lambda connection: connection.execute(sql, values).rowcount)

    async def delete(self, key: Any) -> bool:
        """Remove the row with a key."""
        where, values = self._sql.where({self._sql.key: key})
        sql = f"DELETE FROM {self._sql.name}{where}"  # noqa: S608 - quoted names
        return await self._write(lambda connection: connection.execute(sql, values).rowcount) > 0

    async def count(self, where: Row | None = None) -> int:
        """Count rows."""
        clause, values = self._sql.where(where or {})
        sql = f"SELECT count(*) FROM {self._sql.name}{clause}"  # noqa: S608 - quoted names
        row = await self._read(lambda connection: connection.execute(sql, values).fetchone())
        return int(row[0])

    async def stream(
        self, where: Row | None = None, *, order_by: str | None = None, chunk: int = 500
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield rows; of a database in memory all are read at once."""
        clause, values = self._sql.where(where or {})
        order = f" ORDER BY {self._sql.quoted(order_by)}" if order_by else ""
        sql = f"{self._sql.select}{clause}{order}"
        if self._database.memory:
            for row in await self._read(lambda c: c.execute(sql, values).fetchall()):
                yield self._sql.row(row)
            return
        connection = await asyncio.to_thread(self._database.connect)
        try:
            cursor = await asyncio.to_thread(connection.execute, sql, values)
            while some := await asyncio.to_thread(cursor.fetchmany, chunk):
                for row in some:
                    yield self._sql.row(row)
        finally:
            connection.close()
