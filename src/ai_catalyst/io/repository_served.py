"""What the repositories on PostgreSQL and MySQL have in common: writes that survive a restart."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from ai_catalyst.errors import CatalystError
from ai_catalyst.io.database_faults import explain, is_duplicate, is_lost
from ai_catalyst.io.statements import OnConflict, Row, Statements
from ai_catalyst.io.transactions import until_answered

if TYPE_CHECKING:
    from ai_catalyst.io.connections import AsyncConnectionManager

__all__ = ["ServedRepository", "pieces"]

T = TypeVar("T")


class ServedRepository:
    """A table on a server that may go away and come back."""

    def __init__(self, manager: AsyncConnectionManager, statements: Statements) -> None:
        """Work on the manager's connections."""
        self._manager = manager
        self._sql = statements
        self._name = f"table {statements.table.name}"

    async def _again(self, operation: Callable[[], Awaitable[T]]) -> T:
        return await until_answered(operation, self._manager.settings.reconnect_s, self._name)

    async def _execute(self, sql: str, values: Sequence[Any]) -> int:
        """Run a statement by itself; returns how many rows it met."""
        raise NotImplementedError

    async def _fetch(self, sql: str, values: Sequence[Any]) -> list[Any]:
        raise NotImplementedError

    async def _write_all(
        self, columns: list[str], rows: Iterable[tuple[Any, ...]], on_conflict: OnConflict
    ) -> None:
        """Write rows in one transaction."""
        raise NotImplementedError

    async def create(self) -> None:
        """Make the table and its indexes if they are not there."""
        table = self._sql.table
        async with self._manager.engine.begin() as connection:
            await connection.run_sync(table.create, checkfirst=True)

    async def get(self, key: Any) -> dict[str, Any] | None:
        """Return the row with a key."""
        value = [self._sql.value(self._sql.key, key)]
        rows = await self._again(lambda: self._fetch(self._sql.get, value))
        return self._sql.row(rows[0]) if rows else None

    async def get_many(self, keys: Iterable[Any]) -> list[dict[str, Any]]:
        """Return the rows with some keys, a thousand to a query."""
        found: list[dict[str, Any]] = []
        for some in pieces(keys, 1000):
            sql, values = self._sql.many(some)
            rows = await self._again(lambda sql=sql, values=values: self._fetch(sql, values))  # type: ignore[misc]
            found += map(self._sql.row, rows)
        return found

    async def add(self, row: Row, *, on_conflict: OnConflict = "error") -> bool:
        """Write one row."""
        columns = self._sql.columns_of(row)
        sql = self._sql.insert(columns, on_conflict)
        values = self._sql.getter(columns)(row)

        async def write() -> bool:
            return await self._execute(sql, values) > 0 or on_conflict == "replace"

        written: bool = await self._again(self._once_only(write, row))
        return written

    async def add_many(self, rows: Iterable[Row], *, on_conflict: OnConflict = "error") -> int:
        """Write many rows in one transaction."""
        held = rows if isinstance(rows, Sequence) else list(rows)
        if not held:
            return 0

        async def write() -> bool:
            columns, values = self._sql.rows(held)
            await self._write_all(columns, values, on_conflict)
            return True

        await self._again(self._once_only(write, held[0]))
        return len(held)

    def _once_only(
        self, write: Callable[[], Awaitable[bool]], first: Row
    ) -> Callable[[], Awaitable[bool]]:
        """Make a write one that may be repeated.

        When a connection is lost the write may have happened. Then its (first) row is there, as we
        wrote it, and the second try meets it: that is success.
        """
        lost = False

        async def run() -> bool:
            nonlocal lost
            try:
                written = await write()
            except Exception as error:
                if lost and is_duplicate(error) and await self._holds(first):
                    return True
                lost = lost or is_lost(error)
                raise
            return written or (lost and await self._holds(first))

        return run

    async def _holds(self, row: Row) -> bool:
        values = [self._sql.value(self._sql.key, row[self._sql.key])]
        found = await self._fetch(self._sql.get, values)
        return bool(found) and all(
            self._sql.row(found[0])[name] == value for name, value in row.items()
        )

    async def update(self, changes: Row, where: Row) -> int:
        """Change rows."""
        sql, values = self._sql.update(changes, where)
        return await self._again(lambda: self._execute(sql, values))

    async def delete(self, key: Any) -> bool:
        """Remove the row with a key."""
        where, values = self._sql.where({self._sql.key: key})
        sql = f"DELETE FROM {self._sql.name}{where}"  # noqa: S608 - quoted names
        return await self._again(lambda: self._execute(sql, values)) > 0

    async def count(self, where: Row | None = None) -> int:
        """Count rows."""
        clause, values = self._sql.where(where or {})
        sql = f"SELECT count(*) FROM {self._sql.name}{clause}"  # noqa: S608 - quoted names
        rows = await self._again(lambda: self._fetch(sql, values))
        return int(rows[0][0])

    async def stream(
        self, where: Row | None = None, *, order_by: str | None = None, chunk: int = 500
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield rows."""
        clause, values = self._sql.where(where or {})
        order = f" ORDER BY {self._sql.quoted(order_by)}" if order_by else ""
        rows = self._rows(f"{self._sql.select}{clause}{order}", values, chunk)
        async with aclosing(rows):
            while True:
                try:
                    row = await anext(rows)
                except StopAsyncIteration:
                    return
                except CatalystError:
                    raise
                except Exception as error:
                    raise explain(error, self._name) from error
                yield self._sql.row(row)

    def _rows(self, sql: str, values: Sequence[Any], chunk: int) -> AsyncGenerator[Any, None]:
        raise NotImplementedError


def pieces(items: Iterable[T], size: int) -> Iterable[list[T]]:
    """Cut items into lists of at most ``size``."""
    rest = iter(items)
    while piece := list(islice(rest, size)):
        yield piece
