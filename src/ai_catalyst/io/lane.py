"""One SQLite connection in one thread: what arrives while it works goes together, in one hop.

A thread hop costs more than most statements, and a commit more than hundreds of them. So nothing
waits on purpose: the first call goes at once, those that come meanwhile make the next group.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ai_catalyst.errors import StoreError
from ai_catalyst.io.transactions import pause_s

__all__ = ["Lane"]

T = TypeVar("T")
Run = Callable[[sqlite3.Connection], Any]
Answer = tuple[Any, BaseException | None]
Waiting = tuple[Run, "asyncio.Future[Any]"]

_MOST = 512


class Lane:
    """Runs functions on a connection that ``connect`` opens, in the order they are submitted.

    With ``writes`` each group is one transaction, durable before anybody hears of it, and each
    function a savepoint in it: what raises undoes itself alone. Another process's lock is waited
    for, for ``busy_s`` seconds. Works from any event loop.
    """

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], *, writes: bool, busy_s: float = 60.0
    ) -> None:
        """Remember how to connect; the thread starts with the first call."""
        self._connect = connect
        self._writes = writes
        self._busy_s = busy_s
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="catalyst-lane")
        self._connection: sqlite3.Connection | None = None
        self._waiting: list[Waiting] = []
        self._lock = threading.Lock()
        self._busy = False
        self._closed = False
        self.groups = 0

    async def submit(self, run: Callable[[sqlite3.Connection], T]) -> T:
        """Return what ``run(connection)`` returns; raises what it raises.

        It must do nothing but statements: when its group meets another writer it runs again. A
        caller that is cancelled leaves; its statements are run all the same.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._lock:
            if self._closed:
                raise StoreError("the database is closed")
            self._waiting.append((run, future))
            start, self._busy = not self._busy, True
        if start:
            self._executor.submit(self._work)
        return await future

    def _work(self) -> None:
        """Run group after group until nobody waits."""
        while True:
            with self._lock:
                group, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                if not group:
                    self._busy = False
                    return
            _settle(group, self._answers([run for run, _ in group]))

    def _answers(self, runs: list[Run]) -> list[Answer]:
        try:
            if self._connection is None:
                self._connection = self._connect()
            self.groups += 1
            if not self._writes:
                return [_one(self._connection, run) for run in runs]
            return self._committed(self._connection, runs)
        except BaseException as error:  # noqa: BLE001 - it is their answer
            return [(None, error)] * len(runs)

    def _committed(self, connection: sqlite3.Connection, runs: list[Run]) -> list[Answer]:
        deadline = time.monotonic() + self._busy_s
        attempt = 1
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                answers = [_guarded(connection, run) for run in runs]
                connection.execute("COMMIT")
            except BaseException as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise
            else:
                return answers
            time.sleep(pause_s(attempt))
            attempt += 1

    async def close(self) -> None:
        """Run what was submitted, close the connection and end the thread."""
        with self._lock:
            self._closed = True
        try:
            await asyncio.to_thread(self._end)
        except RuntimeError:  # the program ends: its pools of threads have ended before
            self._end()  # catalyst: blocking(no thread can be had any more)

    def _end(self) -> None:
        self._executor.shutdown(wait=True)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _one(connection: sqlite3.Connection, run: Run) -> Answer:
    try:
        return run(connection), None
    except BaseException as error:  # noqa: BLE001 - it is the caller's
        return None, error


def _guarded(connection: sqlite3.Connection, run: Run) -> Answer:
    """Run one function of a group in a savepoint of its own."""
    connection.execute("SAVEPOINT one")
    answer = _one(connection, run)
    error = answer[1]
    if error is not None:
        if _is_busy(error) or not connection.in_transaction:  # the group is lost: say so to all
            raise error
        connection.execute("ROLLBACK TO one")
    connection.execute("RELEASE one")
    return answer


def _is_busy(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _settle(group: list[Waiting], answers: list[Answer]) -> None:
    """Hand the answers to their loops, in one call for each loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Answer]]] = {}
    for (_, future), answer in zip(group, answers, strict=True):
        by_loop.setdefault(future.get_loop(), []).append((future, answer))
    for loop, pairs in by_loop.items():
        if not loop.is_closed():  # nobody waits there any more
            loop.call_soon_threadsafe(_deliver, pairs)


def _deliver(pairs: list[tuple[asyncio.Future[Any], Answer]]) -> None:
    for future, (value, error) in pairs:
        if future.done():
            continue
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)
