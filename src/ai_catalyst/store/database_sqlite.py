"""The SQLite side of `DatabaseManager`: aiosqlite connections, and the store's readers."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import aiosqlite

from ai_catalyst.engine.in_flight import InFlight
from ai_catalyst.errors import StoreError
from ai_catalyst.store.article_rows import COLUMNS, article_rows, upsert
from ai_catalyst.store.connect import open_writer
from ai_catalyst.store.faults import explain
from ai_catalyst.store.place import prepare
from ai_catalyst.store.readers import Readers
from ai_catalyst.store.schema import make_ready
from ai_catalyst.store.sql import Parameters, bind

__all__ = ["SqliteDatabase"]

BUSY_S = 30.0
_SAVE = upsert("?" * len(COLUMNS))


class SqliteDatabase:
    """A file, or with None a file of its own that goes when it is closed."""

    def __init__(self, path: Path | None, pool_size: int) -> None:
        """Open nothing yet."""
        self._folder = None
        if path is None:
            self._folder = tempfile.mkdtemp(prefix="catalyst-")  # catalyst: blocking(0.1 ms, once)
        self.path = path or Path(str(self._folder)) / "memory.db"
        self._readers = Readers(self.path, ready=self._make_ready)
        self._places = InFlight(pool_size)
        self._idle: list[aiosqlite.Connection] = []
        self._is_ready = False
        self._closed = False
        self.opened = self._folder is not None

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[aiosqlite.Connection]:
        """Lend a connection; what it left open is taken back."""
        if self._closed:
            raise StoreError(f"the store {self.path} is closed")
        async with self._places:
            connection = self._idle.pop() if self._idle else await self._open()
            try:
                yield connection
            finally:
                await self._take_back(connection)

    def owns(self, connection: Any) -> bool:
        """Tell whether it is a connection of aiosqlite."""
        return isinstance(connection, aiosqlite.Connection)

    async def save(self, connection: aiosqlite.Connection, articles: Iterable[Any]) -> int:
        """Save articles in one transaction, or in a savepoint of the one that is open."""
        rows = await asyncio.to_thread(article_rows, list(articles), time.time())
        inside = connection.in_transaction
        begin, end, undo = (
            ("SAVEPOINT save_articles", "RELEASE save_articles", "ROLLBACK TO save_articles")
            if inside
            else ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
        )
        with self.mapped():
            await connection.execute(begin)
            try:
                await connection.executemany(_SAVE, rows)
                await connection.execute(end)
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    await connection.execute(undo)
                raise
        return len(rows)

    async def stream(self, sql: str, parameters: Parameters) -> AsyncIterator[sqlite3.Row]:
        """Yield rows on a connection of their own."""
        bound, values = bind(sql, parameters, "?{}".format)
        with self.mapped():
            async for row in self._readers.stream(bound, values):
                yield row

    async def close(self) -> None:
        """Close every connection."""
        self._closed = True
        await self._readers.close()
        while self._idle:
            await self._idle.pop().close()
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    def abandon(self) -> None:
        """Let the threads end."""
        self._readers.abandon()
        while self._idle:
            self._idle.pop().stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _open(self) -> aiosqlite.Connection:
        await self._make_ready()

        def connect() -> sqlite3.Connection:
            connection = open_writer(self.path, busy_s=BUSY_S)
            connection.row_factory = sqlite3.Row
            return connection

        with self.mapped():
            return await aiosqlite.Connection(connect, iter_chunk_size=64)

    async def _take_back(self, connection: aiosqlite.Connection) -> None:
        with contextlib.suppress(sqlite3.Error, ValueError):  # ValueError: closed by its borrower
            if connection.in_transaction:
                await connection.rollback()
            if not self._closed:
                self._idle.append(connection)
                return
        await connection.close()

    async def _make_ready(self) -> None:
        if not self._is_ready:
            self.opened = True
            await asyncio.to_thread(_prepare, self.path)
            self._is_ready = True

    @contextlib.contextmanager
    def mapped(self) -> Iterator[None]:
        """Turn the driver's errors into `StoreError`."""
        try:
            yield
        except sqlite3.Error as error:
            mapped = explain(error, self.path)
            if mapped is error:
                mapped = StoreError(f"the store {self.path} refused the statement: {error}")
            raise mapped from error


def _prepare(path: Path) -> None:
    prepare(path)
    make_ready(path)
