"""PostgreSQL for a store that many machines share: asked from any loop, patient with restarts.

Connections live on one loop of their own, in a thread, because a store works from any loop, and
because its heartbeat must not stand still when the program's loop does. A connection that is lost
is made again, and what it was asked is asked again: so work is either harmless when it is done
twice, or a transaction whose number tells whether it was committed before the answer was lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from ai_catalyst.engine.background import Background, Job
from ai_catalyst.engine.retry import Retry
from ai_catalyst.errors import StoreError
from ai_catalyst.store.database_postgres import PostgresDatabase
from ai_catalyst.store.faults_postgres import code_of, is_conflict, is_passing
from ai_catalyst.store.scripts import Rows, Script, converse, kept
from ai_catalyst.store.sql import bind

__all__ = ["Server"]

T = TypeVar("T")
Work = Callable[[Any], Awaitable[T]]

log = logging.getLogger(__name__)

CONNECT_S = 10.0
ANSWER_S = 60.0
"""How long one statement may take, in seconds."""
PATIENCE_S = 60.0
"""How long a server that went away is waited for, in seconds."""
_LOOK_AGAIN_S = 0.1
_IN_THE_FUTURE = "22023"
"""PostgreSQL's code for a transaction's number that it has not given out."""


class Server:
    """A database behind a PostgreSQL URL, on ``pool_size`` connections and one for the heartbeat.

    A `Driver` of scripts. Nothing is opened before it is used. A server that was there and went
    away is waited for ``patience_s`` seconds; one that never answered is told at once.
    Raises `StoreError` that names host and database, never the password.
    """

    postgres = True

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 5,
        patience_s: float = PATIENCE_S,
        application: str = "ai-catalyst",
    ) -> None:
        """Connect to nothing yet."""
        _, _, rest = url.partition("://")
        options = {
            "timeout": CONNECT_S,
            "command_timeout": ANSWER_S,
            "server_settings": {"application_name": application},
        }
        self._database = PostgresDatabase(
            f"postgresql://{rest}", pool_size + 1, options, reset=_as_it_is
        )
        self.shown = self._database.shown
        self._places = pool_size
        self._room: asyncio.Semaphore | None = None
        self._retry = Retry(
            attempts=1_000_000,
            base_s=0.05,
            cap_s=2.0,
            deadline_s=patience_s,
            on=self._is_worth_another_try,
        )
        self._lock = threading.Lock()
        self._where: Background | None = None
        self._pid = os.getpid()
        self._closed = False
        self._chores: list[Job[None]] = []
        self._jobs: set[Job[Any]] = set()
        self._farewells: list[Callable[[], Coroutine[Any, Any, object]]] = []

    @property
    def running(self) -> bool:
        """Whether it was used, in this process, and not closed since."""
        return self._where is not None and self._pid == os.getpid()

    # From any loop and thread.

    async def ask(self, work: Work[T], *, regret: Work[object] | None = None) -> T:
        """Return what ``work(connection)`` returns; it may be run again, so it must not mind.

        Who is cancelled leaves it to end by itself; then ``regret`` is run.
        """
        job = self._start(work)
        try:
            return await _end_of(job)
        except asyncio.CancelledError:
            if regret is not None:
                job.done.add_done_callback(lambda _: self._take_back(regret))
            raise

    async def write(self, script: Callable[[], Script[T]]) -> T:
        """Run a script as one transaction, exactly once, durable when it returns."""
        return await self.ask(_Transaction(script))

    async def read(self, script: Callable[[], Script[T]]) -> T:
        """Run a script that only reads, on one snapshot."""

        async def work(connection: Any) -> T:
            async with connection.transaction(readonly=True, isolation="repeatable_read"):
                return await converse(connection, script())

        return await self.ask(work)

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Return the rows of one question."""
        bound, values = bind(sql, kept(parameters), "${}".format)

        async def work(connection: Any) -> Rows:
            return list(await connection.fetch(bound, *values))

        return await self.ask(work)

    async def close(self) -> None:
        """Say farewell, close every connection, end the thread; harmless when closed already."""
        with self._lock:
            self._closed = True
            where, self._where = self._where, None
        if where is None or self._pid != os.getpid():
            return
        for chore in self._chores:
            chore.cancel()
        while jobs := list(self._jobs):
            await asyncio.gather(*map(_end_of, jobs), return_exceptions=True)
        await _end_of(Job(where, self._leave()).start())
        await asyncio.to_thread(where.stop)

    def abandon(self) -> None:
        """Cut the connections without waiting; for an owner that was dropped unclosed."""
        self._closed = True
        where, self._where = self._where, None
        if where is not None and where.alive and self._pid == os.getpid():
            self._database.abandon()
            threading.Thread(target=where.stop, daemon=True).start()

    # From within work, on the server's loop.

    def every(self, seconds: float, work: Work[object]) -> None:
        """Do something every so often while it is open; errors are logged and tried again."""
        self._chores.append(self._job(self._tend(seconds, work)))

    def at_close(self, work: Work[object]) -> None:
        """Do something as the last thing; not at all when the server is away then."""
        self._farewells.append(lambda: self._once(work))

    async def _tend(self, seconds: float, work: Work[object]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                async with self._connection() as connection:  # beside the others, not after them
                    await work(connection)
            except StoreError as error:
                log.debug("a heartbeat was missed: %s", error)

    async def _leave(self) -> None:
        try:
            for farewell in self._farewells:
                with contextlib.suppress(StoreError):
                    await farewell()
        finally:
            await self._database.close()

    def _background(self) -> Background:
        with self._lock:
            if self._closed:
                raise StoreError(f"the database {self.shown} is closed")
            if self._where is not None and self._pid != os.getpid():
                raise StoreError(
                    f"the database {self.shown} was opened before this process was forked: "
                    "open one here"
                )
            if self._where is None:
                self._where, self._pid = Background(), os.getpid()
                self._room = asyncio.Semaphore(self._places)
            return self._where

    def _start(self, work: Work[T]) -> Job[T]:
        self._background()
        return self._job(self._patiently(work))

    def _job(self, coroutine: Coroutine[Any, Any, T]) -> Job[T]:
        assert self._where is not None
        job = Job(self._where, coroutine)
        self._jobs.add(job)
        job.done.add_done_callback(lambda _: self._jobs.discard(job))
        return job.start()

    def _take_back(self, regret: Work[object]) -> None:
        with contextlib.suppress(StoreError):  # closed: every lease was given back
            self._start(regret)

    def _is_worth_another_try(self, error: Exception) -> bool:
        if not isinstance(error, StoreError):
            return False
        return is_conflict(error) or (self._database.opened and is_passing(error))

    async def _patiently(self, work: Work[T]) -> T:
        return await self._retry.run(lambda: self._once(work))

    async def _once(self, work: Work[T]) -> T:
        assert self._room is not None
        async with self._room, self._connection() as connection:
            return await work(connection)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        async with self._database.connection() as connection:
            with self._database.mapped():
                yield connection


class _Transaction(Generic[T]):
    """A script's transaction that is committed once, though the answer to its commit may be lost.

    The number of the transaction is asked for before it is committed; after a loss the server says
    what became of it (``pg_xact_status``, PostgreSQL 13 and later).
    """

    def __init__(self, script: Callable[[], Script[T]]) -> None:
        self._script = script
        self._number: str | None = None
        self._value: Any = None

    async def __call__(self, connection: Any) -> T:
        if self._number is not None and await _was_committed(connection, self._number):
            return self._value  # type: ignore[no-any-return]
        self._number = None
        async with connection.transaction():
            self._value = await converse(connection, self._script())
            number = await connection.fetchval("SELECT pg_current_xact_id_if_assigned()::text")
            self._number = number
        return self._value  # type: ignore[no-any-return]


async def _was_committed(connection: Any, number: str) -> bool:
    """Say whether a transaction was committed, once it has ended."""
    while True:
        try:
            known = await connection.fetchval("SELECT pg_xact_status($1::text::xid8)", number)
        except Exception as error:
            if code_of(error) == _IN_THE_FUTURE:  # the server came back without its last moments
                return False
            raise
        if known != "in progress":
            return bool(known == "committed")
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _as_it_is(connection: Any) -> None:
    """Leave a connection: nothing here sets anything in a session, and a question less is asked."""


async def _end_of(job: Job[T]) -> T:
    """Wait for a job of another loop; who is cancelled leaves it to end by itself."""
    return await asyncio.shield(asyncio.wrap_future(job.done))
