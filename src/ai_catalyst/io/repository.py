"""`Repository`: rows by key, written fast, on whichever database there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from ai_catalyst.io.statements import OnConflict, Row, Statements

if TYPE_CHECKING:
    from sqlalchemy import Table

    from ai_catalyst.io.connections import AsyncConnectionManager

__all__ = ["Repository", "open_repository"]


class Repository(Protocol):
    """The rows of one table, by a primary key that the caller makes.

    Rows are mappings of column names to values. Because keys are made here, every write may be
    repeated: when a server goes away in the middle of one, it is sent again when the server is
    back, and happens once. Errors are `StoreError` (`StoreTimeout` when it took too long),
    `UserError` for columns and keys that are not there.
    """

    async def create(self) -> None:
        """Make the table and its indexes if they are not there."""
        ...

    async def get(self, key: Any) -> dict[str, Any] | None:
        """Return the row with a key, None when there is none."""
        ...

    async def get_many(self, keys: Iterable[Any]) -> list[dict[str, Any]]:
        """Return the rows with some keys, as they come; unknown keys are left out."""
        ...

    async def add(self, row: Row, *, on_conflict: OnConflict = "error") -> bool:
        """Write one row, durable on return; False when it was there and was left alone."""
        ...

    async def add_many(self, rows: Iterable[Row], *, on_conflict: OnConflict = "error") -> int:
        """Write many rows with the same columns, all or none; returns how many were given."""
        ...

    async def update(self, changes: Row, where: Row) -> int:
        """Change the rows whose columns equal ``where``; returns how many that were."""
        ...

    async def delete(self, key: Any) -> bool:
        """Remove the row with a key; says whether there was one."""
        ...

    async def count(self, where: Row | None = None) -> int:
        """Return how many rows there are whose columns equal ``where``."""
        ...

    def stream(
        self, where: Row | None = None, *, order_by: str | None = None, chunk: int = 500
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield rows, ``chunk`` of them in memory at a time, from one snapshot."""
        ...


async def open_repository(manager: AsyncConnectionManager, table: Table) -> Repository:
    """Return the repository of a table on an initialized manager's database.

    It holds nothing of its own. Raises `UserError` unless the primary key is one column.
    """
    statements = await asyncio.to_thread(Statements, table, manager.kind)
    if manager.kind == "postgres":
        from ai_catalyst.io.repository_postgres import PostgresRepository

        return PostgresRepository(manager, statements)
    if manager.kind == "mysql":
        from ai_catalyst.io.repository_mysql import MySQLRepository

        return MySQLRepository(manager, statements)
    from ai_catalyst.io.repository_sqlite import SqliteRepository

    return SqliteRepository(manager, statements)
