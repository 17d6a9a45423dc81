"""Two databases, one body: statements are a generator's questions, whoever answers them.

A `Script` yields `Ask`s and is sent their rows. SQLite runs a whole script inside one submission of
the store's group-commit writer; PostgreSQL inside one transaction of its pool.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from ai_catalyst.store.database import DatabaseManager
from ai_catalyst.store.sql import bind
from ai_catalyst.store.store import Store

__all__ = ["Ask", "Driver", "PostgresDriver", "Script", "SqliteDriver"]

T = TypeVar("T")


class Ask(NamedTuple):
    """One statement with ``?`` marks; with ``many`` its parameters are rows of them."""

    sql: str
    parameters: Sequence[Any] = ()
    many: bool = False


Rows = Sequence[Any]
Script = Generator[Ask, Any, T]


class Driver(Protocol):
    """What the repository needs of a database."""

    postgres: bool

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run a script as one transaction; it may be begun anew, so it holds no state."""
        ...

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script that only reads, on one snapshot."""
        ...

    async def close(self) -> None:
        """Close what the driver opened itself."""
        ...


class SqliteDriver:
    """The store's writer and readers on one file."""

    postgres = False

    def __init__(self, store: Store, *, own: bool, manager: DatabaseManager | None = None) -> None:
        """Use them; close them, and the manager whose file it is, only when they are our own."""
        self.store = store
        self._own = own
        self._manager = manager

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run a script in the next group; durable when it returns."""
        return await self.store.writer.submit(lambda connection: _run(connection, script()))

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script beside the writer."""

        def run(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN")
            try:
                return _run(connection, script())
            finally:
                connection.execute("ROLLBACK")

        return await self.store.read(run)

    async def close(self) -> None:
        """Close the file when it was opened here."""
        if self._own:
            await self.store.close()
        if self._manager is not None:
            await self._manager.close()


class PostgresDriver:
    """The pool of a `DatabaseManager`."""

    postgres = True

    def __init__(self, database: DatabaseManager, *, own: bool) -> None:
        """Use it; close it only when it is our own."""
        self._database = database
        self._own = own

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run a script in a transaction."""
        with self._database.mapped():
            async with self._database.async_pool() as connection, connection.transaction():
                return await _converse(connection, script())

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script on one snapshot."""
        with self._database.mapped():
            async with (
                self._database.async_pool() as connection,
                connection.transaction(readonly=True, isolation="repeatable_read"),
            ):
                return await _converse(connection, script())

    async def close(self) -> None:
        """Close the pool when it was made here."""
        if self._own:
            await self._database.close()


def _run(connection: sqlite3.Connection, script: Script[T]) -> T:
    rows: Rows | None = None
    while True:
        try:
            ask = script.send(rows)
        except StopIteration as end:
            value: T = end.value
            return value
        if ask.many:
            connection.executemany(ask.sql, ask.parameters)
            rows = []
        else:
            rows = connection.execute(ask.sql, ask.parameters).fetchall()


async def _converse(connection: Any, script: Script[T]) -> T:
    rows: Rows | None = None
    while True:
        try:
            ask = script.send(rows)
        except StopIteration as end:
            value: T = end.value
            return value
        if ask.many:
            sql, _ = bind(ask.sql, ask.parameters[0] if ask.parameters else (), "${}".format)
            await connection.executemany(sql, ask.parameters)
            rows = []
        else:
            sql, values = bind(ask.sql, ask.parameters, "${}".format)
            rows = list(await connection.fetch(sql, *values))
