"""Two databases, one body: statements are a generator's questions, whoever answers them.

A `Script` yields `Ask`s and is sent their rows. SQLite runs a whole script inside one submission of
the store's group-commit writer, or one hop to a reader; PostgreSQL inside one transaction of its
pool. Rows are read by name and by index in both.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from ai_catalyst.errors import StoreError
from ai_catalyst.store.database import DatabaseManager
from ai_catalyst.store.faults_postgres import is_conflict
from ai_catalyst.store.packing import clean
from ai_catalyst.store.readers import Readers
from ai_catalyst.store.sql import bind
from ai_catalyst.store.writer import Writer

__all__ = [
    "Ask",
    "Driver",
    "PostgresDriver",
    "Script",
    "SqliteDriver",
    "converse",
    "kept",
    "open_driver",
    "run_script",
]

T = TypeVar("T")

_ATTEMPTS = 6


class Ask(NamedTuple):
    """One statement with ``?`` marks; with ``many`` its parameters are rows of them."""

    sql: str
    parameters: Sequence[Any] = ()
    many: bool = False


Rows = Sequence[Any]
Script = Generator[Ask, Rows, T]


class Driver(Protocol):
    """What a repository needs of a database."""

    postgres: bool

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run a script as one transaction, durable when it returns.

        It may be begun anew, so it holds no state. Raises `StoreError`.
        """
        ...

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script that only reads, on one snapshot. Raises `StoreError`."""
        ...

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Return the rows of one question: the quick way for reads by key."""
        ...

    async def close(self) -> None:
        """Close what the driver opened itself."""
        ...


class SqliteDriver:
    """The store's writer and readers on one file."""

    postgres = False

    def __init__(self, writer: Writer, readers: Readers, *, own: bool) -> None:
        """Use them; close them only when they are our own."""
        self._writer = writer
        self._readers = readers
        self._own = own

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run a script in the next group."""
        return await self._writer.submit(lambda connection: run_script(connection, script()))

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script beside the writer."""

        def run(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN")
            try:
                return run_script(connection, script())
            finally:
                connection.execute("ROLLBACK")

        return await self._readers.read(run)

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Ask one thing: a statement is a snapshot by itself."""
        values = kept(parameters)
        return await self._readers.read(lambda c: c.execute(sql, values).fetchall())

    async def close(self) -> None:
        """Close the file when it was opened here."""
        if self._own:
            await self._readers.close()
            await self._writer.close()


class PostgresDriver:
    """The pool of a `DatabaseManager`."""

    postgres = True

    def __init__(self, database: DatabaseManager, *, own: bool) -> None:
        """Use it; close it only when it is our own."""
        self._database = database
        self._own = own

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run a script in a transaction; again after a conflict with another one."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._database.mapped():
                    async with self._database.async_pool() as connection, connection.transaction():
                        return await converse(connection, script())
            except StoreError as error:
                if not is_conflict(error) or attempt == _ATTEMPTS:
                    raise
            await asyncio.sleep(0.01 * 2**attempt * random.random())  # noqa: S311 - a pause
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script on one snapshot."""
        with self._database.mapped():
            async with (
                self._database.async_pool() as connection,
                connection.transaction(readonly=True, isolation="repeatable_read"),
            ):
                return await converse(connection, script())

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Ask one thing, without a transaction around it."""
        bound, values = bind(sql, kept(parameters), "${}".format)
        with self._database.mapped():
            async with self._database.async_pool() as connection:
                return list(await connection.fetch(bound, *values))

    async def close(self) -> None:
        """Close the pool when it was made here."""
        if self._own:
            await self._database.close()


def open_driver(path_or_url: Path | str | None, *, pool_size: int = 10) -> Driver:
    """Return a driver of our own on a file, a SQLite URL, or a PostgreSQL URL.

    None is the store in the state folder. Nothing is opened before it is used.
    """
    text = "" if path_or_url is None else str(path_or_url)
    if text.startswith("postgres"):
        return PostgresDriver(DatabaseManager(text, pool_size=pool_size), own=True)
    for prefix in ("sqlite+aiosqlite:///", "sqlite:///"):
        text = text.removeprefix(prefix)
    writer = Writer(text or None)
    return SqliteDriver(writer, Readers(writer.path, ready=writer.ready, count=4), own=True)


def run_script(connection: sqlite3.Connection, script: Script[T]) -> T:
    """Run a script on a connection of SQLite."""
    rows: Rows | None = None
    while True:
        try:
            ask = next(script) if rows is None else script.send(rows)
        except StopIteration as end:
            value: T = end.value
            return value
        cursor = connection.cursor()
        cursor.row_factory = sqlite3.Row
        if ask.many:
            cursor.executemany(ask.sql, map(kept, ask.parameters))
            rows = []
        else:
            rows = cursor.execute(ask.sql, kept(ask.parameters)).fetchall()


async def converse(connection: Any, script: Script[T]) -> T:
    """Run a script on a connection of asyncpg."""
    rows: Rows | None = None
    while True:
        try:
            ask = next(script) if rows is None else script.send(rows)
        except StopIteration as end:
            value: T = end.value
            return value
        if ask.many:
            if ask.parameters:
                sql, _ = bind(ask.sql, ask.parameters[0], "${}".format)
                await connection.executemany(sql, map(kept, ask.parameters))
            rows = []
        else:
            sql, values = bind(ask.sql, kept(ask.parameters), "${}".format)
            rows = list(await connection.fetch(sql, *values))


def kept(values: Sequence[Any]) -> list[Any]:
    """Return values as both databases keep them: no NUL, no halves of characters."""
    return [clean(value) if isinstance(value, str) else value for value in values]
