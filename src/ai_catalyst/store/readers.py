"""Reading beside the writer: a few threads, each with a connection it holds open.

In WAL mode a reader never waits for the writer. One hop brings a question to a thread and its
answer back, however many statements it has.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.store.connect import open_reader
from ai_catalyst.store.delivery import Letter, deliver
from ai_catalyst.store.faults import code_of, explain

__all__ = ["Readers"]

T = TypeVar("T")
Parameters = Sequence[Any] | Mapping[str, Any]

_STEP = 32
_CHUNK = 512
_CHUNK_S = 0.01
"""A chunk of a stream: at most so many rows, and what can be read in so long."""


@dataclass(slots=True, eq=False)
class _Job:
    run: Callable[[sqlite3.Connection], Any]
    letter: Letter[Any] | None


@dataclass(slots=True, eq=False)
class _Desk:
    path: Path
    busy_s: float
    jobs: SimpleQueue[_Job | None] = field(default_factory=SimpleQueue)
    lock: threading.Lock = field(default_factory=threading.Lock)
    running: int = 0
    goodbyes: list[Letter[None]] = field(default_factory=list)


class Readers:
    """Answers questions to the file on ``count`` threads; from any event loop."""

    def __init__(
        self,
        path: Path,
        *,
        ready: Callable[[], Awaitable[None]],
        count: int = 2,
        busy_s: float = 10.0,
    ) -> None:
        """Remember where; threads start when there is something to read.

        ``ready`` is awaited once: it returns when the file is there with its tables.
        """
        self._desk = _Desk(path, busy_s)
        self._ready = ready
        self._is_ready = False
        self._count = count
        self._closed = False
        self._pid = os.getpid()

    async def read(self, run: Callable[[sqlite3.Connection], T]) -> T:
        """Return what ``run(connection)`` returns; rows can be read by name and index.

        Raises `StoreError` for faults of the file.
        """
        if not self._is_ready:
            await self._ready()
            self._is_ready = True
        letter: Letter[T] = Letter.here()
        self._post(_Job(run, letter))
        return await letter.answer()

    async def stream(self, sql: str, parameters: Parameters = ()) -> AsyncIterator[sqlite3.Row]:
        """Yield the rows of a query, from one snapshot, holding a chunk of them at a time.

        It has a connection of its own, so that a slow reader is in nobody's way.
        """
        rows = _Rows(self._desk.path, self._desk.busy_s, sql, parameters)
        try:
            while chunk := await self.read(rows.chunk):
                for row in chunk:
                    yield row
        finally:
            self._dismiss(rows)

    async def close(self) -> None:
        """Finish what was asked and close the connections."""
        self._closed = True
        if self._pid != os.getpid():
            return
        letter: Letter[None] = Letter.here()
        with self._desk.lock:
            if not self._desk.running:
                return
            self._desk.goodbyes.append(letter)
            self._end_threads()
        await letter.answer()

    def abandon(self) -> None:
        """Let the threads end; for an owner that was dropped unclosed."""
        self._closed = True
        if self._pid == os.getpid():
            self._end_threads()

    def _end_threads(self) -> None:
        for _ in range(self._desk.running):
            self._desk.jobs.put(None)

    def _post(self, job: _Job) -> None:
        if self._closed:
            raise StoreError(f"the store {self._desk.path} is closed")
        if self._pid != os.getpid():
            raise StoreError(f"the store {self._desk.path} was opened before this process forked")
        with self._desk.lock:
            if self._desk.running < self._count:
                self._desk.running += 1
                threading.Thread(
                    target=_work, args=(self._desk,), name="catalyst-reader", daemon=True
                ).start()
            self._desk.jobs.put(job)

    def _dismiss(self, rows: _Rows) -> None:
        try:
            self._post(_Job(rows.close, None))
        except StoreError:  # closed meanwhile: no thread is left to do it
            rows.close()


class _Rows:
    """The rows of one query, on a connection of its own.

    The lock keeps the end from closing the connection under a chunk that is still being read.
    """

    def __init__(self, path: Path, busy_s: float, sql: str, parameters: Parameters) -> None:
        self._path = path
        self._busy_s = busy_s
        self._question = (sql, parameters)
        self._lock = threading.Lock()
        self._cursor: sqlite3.Cursor | None = None
        self._closed = False

    def chunk(self, _: sqlite3.Connection) -> list[sqlite3.Row]:
        """Return the next rows, none at the end."""
        with self._lock:
            if self._closed:
                return []
            if self._cursor is None:
                self._cursor = self._ask()
            return _chunk(self._cursor)

    def close(self, _: sqlite3.Connection | None = None) -> None:
        """Close the connection."""
        with self._lock:
            self._closed = True
            if self._cursor is not None:
                self._cursor.connection.close()

    def _ask(self) -> sqlite3.Cursor:
        connection = open_reader(self._path, busy_s=self._busy_s)
        try:
            return connection.execute(*self._question)
        except BaseException:
            connection.close()
            raise


def _chunk(cursor: sqlite3.Cursor) -> list[sqlite3.Row]:
    rows: list[sqlite3.Row] = cursor.fetchmany(_STEP)
    until = time.monotonic() + _CHUNK_S
    while rows and len(rows) < _CHUNK and time.monotonic() < until:
        more = cursor.fetchmany(_STEP)
        if not more:
            break
        rows += more
    return rows


def _work(desk: _Desk) -> None:
    connection: sqlite3.Connection | None = None
    while (job := desk.jobs.get()) is not None:
        try:
            if connection is None:
                connection = open_reader(desk.path, busy_s=desk.busy_s)
            _answer(job, connection)
        except BaseException as error:  # noqa: BLE001 - it is the asker's to see
            if job.letter is not None:
                job.letter.fail(_mapped(error, desk.path))
                deliver([job.letter])
        del job  # what it refers to must not live until the next one comes
    if connection is not None:
        with contextlib.suppress(sqlite3.Error):
            connection.close()
    with desk.lock:
        desk.running -= 1
        if not desk.running:
            deliver(desk.goodbyes)


def _answer(job: _Job, connection: sqlite3.Connection) -> None:
    value = job.run(connection)
    if job.letter is not None:
        job.letter.fill(value)
        deliver([job.letter])


def _mapped(error: BaseException, path: Path) -> BaseException:
    if isinstance(error, sqlite3.Error) and code_of(error) == sqlite3.SQLITE_READONLY:
        mapped = UserError("this connection only reads: what changes the store is submitted")
        mapped.__cause__ = error
        return mapped
    return explain(error, path)
