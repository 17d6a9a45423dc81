"""Raw driver pools: one way to open, lend, ask and close for each kind of database."""

from __future__ import annotations

import asyncio
import importlib
import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from ai_catalyst.errors import UserError
from ai_catalyst.io.lane import Lane
from ai_catalyst.io.servers import ServerSettings, database_kind

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["Database", "MySQL", "Postgres", "Sqlite", "database_of"]

_CLOSE_S = 5.0
_FOUND_ROWS = 2
"""MySQL's flag: count the rows an UPDATE found, as the others do, not those it changed."""


class Database(Protocol):
    """One database server, or file, through its own driver."""

    kind: str
    pool: Any

    async def open(self) -> None:
        """Connect."""
        ...

    def lend(self, timeout_s: float) -> AbstractAsyncContextManager[Any]:
        """Lend a connection of the driver."""
        ...

    async def ping(self) -> None:
        """Ask it something."""
        ...

    def engine_options(self) -> dict[str, Any]:
        """Return the arguments for SQLAlchemy's engine, ``url`` among them."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


async def database_of(settings: ServerSettings) -> Database | None:
    """Return the database of the settings, not opened yet; None when there is none."""
    if settings.database_url is None:
        return None
    kind = database_kind(settings.database_url)
    return await asyncio.to_thread(_prepare, kind, settings)


def _prepare(kind: str, settings: ServerSettings) -> Database:
    """Import what the database needs, off the loop: SQLAlchemy alone would be a stall."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    importlib.import_module("sqlalchemy.ext.asyncio")
    try:
        url = make_url(settings.database_url or "")
    except (ArgumentError, ValueError):
        raise UserError("the database URL is not understood: check its host and port") from None
    make, driver, dialect = _KINDS[kind]
    try:
        importlib.import_module(driver)
    except ImportError as error:
        raise UserError(f"{driver} is not installed: pip install '.[{kind}]'") from error
    importlib.import_module(dialect)
    return make(url, settings)


class _Served:
    """What the two kinds of servers have in common."""

    def __init__(self, url: URL, settings: ServerSettings) -> None:
        self.url = url
        self.settings = settings
        self.pool: Any = None

    def _engine_options(self, driver: str, connect: dict[str, Any]) -> dict[str, Any]:
        return {
            "url": self.url.set(drivername=driver),
            "pool_size": self.settings.sql_pool_size,
            "max_overflow": self.settings.sql_max_overflow,
            "pool_timeout": self.settings.acquire_timeout_s,
            "pool_pre_ping": True,
            "connect_args": connect,
        }


class Postgres(_Served):
    """PostgreSQL through asyncpg."""

    kind = "postgres"

    def __init__(self, url: URL, settings: ServerSettings) -> None:
        """Hold nothing yet."""
        super().__init__(url, settings)
        self._held: list[Any] = []
        self._may_hold = (settings.pool_max or 0) // 4

    async def fetch_row(self, sql: str, *values: Any) -> Any | None:
        """Return the first row of a query that leaves no trace in its session.

        A quarter of the pool may be held for such queries: handing a connection back costs a round
        trip to reset it, which is most of what reading one row costs.
        """
        connection = await self._reader()
        keep = False
        try:
            row = await connection.fetchrow(sql, *values)
            keep = len(self._held) < self._may_hold and self.pool is not None
            return row
        finally:
            if keep:
                self._held.append(connection)
            elif self.pool is not None:
                await self.pool.release(connection)

    async def _reader(self) -> Any:
        """Take a held connection that is alive, else one of the pool."""
        while self._held:
            connection = self._held.pop()
            if not connection.is_closed():
                return connection
            await self.pool.release(connection)
        return await self.pool.acquire(timeout=self.settings.acquire_timeout_s)

    async def open(self) -> None:
        """Open the pool; the least number of connections is made at once."""
        import asyncpg

        url = self.url.set(drivername="postgresql")
        pool = asyncpg.create_pool(
            url.render_as_string(hide_password=False),
            min_size=self.settings.pool_min,
            max_size=self.settings.pool_max,
            timeout=self.settings.connect_timeout_s,
            command_timeout=self.settings.query_timeout_s,
        )
        try:
            async with asyncio.timeout(self.settings.connect_timeout_s):
                self.pool = await pool
        except BaseException:
            pool.terminate()
            raise

    @asynccontextmanager
    async def lend(self, timeout_s: float) -> AsyncIterator[Any]:
        """Lend an ``asyncpg`` connection."""
        connection = await self.pool.acquire(timeout=timeout_s)
        try:
            yield connection
        finally:
            await self.pool.release(connection)

    async def ping(self) -> None:
        """Ask for 1."""
        async with self.lend(self.settings.connect_timeout_s) as connection:
            await connection.fetchval("SELECT 1", timeout=self.settings.connect_timeout_s)

    def engine_options(self) -> dict[str, Any]:
        """Use asyncpg under SQLAlchemy, too."""
        connect = {
            "timeout": self.settings.connect_timeout_s,
            "command_timeout": self.settings.query_timeout_s,
        }
        return self._engine_options("postgresql+asyncpg", connect)

    async def close(self) -> None:
        """Wait a moment for what is lent, then cut."""
        pool, self.pool = self.pool, None
        if pool is None:
            return
        held, self._held = self._held, []
        try:
            async with asyncio.timeout(_CLOSE_S):
                for connection in held:
                    await pool.release(connection)
                await pool.close()
        except (TimeoutError, OSError):
            pool.terminate()


class MySQL(_Served):
    """MySQL or MariaDB through asyncmy: 2/3 of the CPU of aiomysql a read, 1/19 a row fetched."""

    kind = "mysql"

    async def open(self) -> None:
        """Open the pool; the least number of connections is made at once."""
        import asyncmy

        async with asyncio.timeout(self.settings.connect_timeout_s):
            self.pool = await asyncmy.create_pool(
                host=self.url.host or "127.0.0.1",
                port=self.url.port or 3306,
                user=self.url.username or "root",
                password=self.url.password or "",
                db=self.url.database,
                minsize=self.settings.pool_min or 0,
                maxsize=self.settings.pool_max or 20,
                autocommit=True,
                pool_recycle=1800,
                **self._connect(),
            )

    def _connect(self) -> dict[str, Any]:
        return {
            "charset": "utf8mb4",
            "connect_timeout": self.settings.connect_timeout_s,
            "read_timeout": self.settings.query_timeout_s,
            "client_flag": _FOUND_ROWS,
        }

    @asynccontextmanager
    async def lend(self, timeout_s: float) -> AsyncIterator[Any]:
        """Lend an ``asyncmy`` connection in autocommit mode; a broken one is thrown away."""
        async with asyncio.timeout(timeout_s):
            connection = await self.pool.acquire()
        try:
            yield connection
        except BaseException as error:
            # Whoever was stopped or cut off leaves half an answer in the socket behind.
            if not _is_answer(error):
                connection.close()
            raise
        finally:
            await self.pool.release(connection)

    async def ping(self) -> None:
        """Ask for 1."""
        limit = self.settings.connect_timeout_s
        async with (
            self.lend(limit) as connection,
            asyncio.timeout(limit),
            connection.cursor() as cursor,
        ):
            await cursor.execute("SELECT 1")
            await cursor.fetchall()

    def engine_options(self) -> dict[str, Any]:
        """Use asyncmy under SQLAlchemy, too."""
        connect = self._connect()
        del connect["charset"], connect["client_flag"]  # SQLAlchemy has its own ways
        options = self._engine_options("mysql+asyncmy", connect)
        options["url"] = options["url"].update_query_dict({"charset": "utf8mb4"})
        return options

    async def close(self) -> None:
        """Wait a moment for what is lent, then cut."""
        pool, self.pool = self.pool, None
        if pool is None:
            return
        pool.close()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await pool.wait_closed()
        except (TimeoutError, OSError):
            pool.terminate()


def _is_answer(error: BaseException) -> bool:
    """Say whether an error is the server's answer to a statement: the connection is well."""
    return type(error).__name__ in {"IntegrityError", "ProgrammingError", "DataError"}


class Sqlite:
    """A SQLite file, or a database in memory, through aiosqlite: one connection, lent in turn."""

    kind = "sqlite"

    def __init__(self, url: URL, settings: ServerSettings) -> None:
        """Read where the file is."""
        name = url.database or ""
        self.memory = name in {"", ":memory:"} or "mode=memory" in name
        self.path = name
        if self.memory and "mode=memory" not in name:
            self.path = f"file:catalyst-{uuid.uuid4().hex}?mode=memory&cache=shared"
        self.settings = settings
        self.pool: Any = None
        self._turn = asyncio.Lock()
        self.writer = Lane(self.connect, writes=True, busy_s=settings.query_timeout_s)
        # Two connections to one memory lock each other out of tables at once, without waiting.
        self.reader = self.writer if self.memory else Lane(self.connect, writes=False)

    def connect(self) -> sqlite3.Connection:
        """Open a connection of the standard library, for work in threads."""
        connection = sqlite3.connect(
            self.path,
            timeout=self.settings.acquire_timeout_s,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            uri=self.memory,
        )
        connection.executescript(self.pragmas)
        return connection

    async def open(self) -> None:
        """Open the file: WAL, foreign keys, and patience with other writers."""
        import aiosqlite

        self.pool = await aiosqlite.connect(
            self.path,
            timeout=self.settings.acquire_timeout_s,
            isolation_level=None,
            uri=self.memory,
        )
        try:
            await self.pool.executescript(self.pragmas)
        except BaseException:
            await self.close()
            raise

    @property
    def pragmas(self) -> str:
        """The settings of every connection to the file."""
        wal = "" if self.memory else "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        return f"{wal}PRAGMA foreign_keys=ON"

    @asynccontextmanager
    async def lend(self, timeout_s: float) -> AsyncIterator[Any]:
        """Lend the connection to one caller at a time."""
        async with asyncio.timeout(timeout_s):
            await self._turn.acquire()
        try:
            yield self.pool
        finally:
            self._turn.release()

    async def ping(self) -> None:
        """Read the first page."""
        await self.pool.execute_fetchall("SELECT 1 FROM sqlite_master LIMIT 1")

    def engine_options(self) -> dict[str, Any]:
        """Use aiosqlite under SQLAlchemy, too; in memory one session at a time."""
        from sqlalchemy.engine import URL
        from sqlalchemy.pool import AsyncAdaptedQueuePool

        url = URL.create(
            "sqlite+aiosqlite",
            database=self.path,
            query={"uri": "true"} if self.memory else {},
        )
        return {
            "url": url,
            "poolclass": AsyncAdaptedQueuePool,
            "pool_size": 1 if self.memory else self.settings.sql_pool_size,
            "max_overflow": 0 if self.memory else self.settings.sql_max_overflow,
            "pool_timeout": self.settings.acquire_timeout_s,
            "pool_pre_ping": not self.memory,
            "connect_args": {"timeout": self.settings.acquire_timeout_s},
        }

    async def close(self) -> None:
        """Run what was submitted and close the file."""
        await self.reader.close()
        await self.writer.close()
        pool, self.pool = self.pool, None
        if pool is not None:
            with suppress(ValueError):  # closed by somebody else
                await pool.close()


_KINDS: dict[str, tuple[Callable[[URL, ServerSettings], Database], str, str]] = {
    "postgres": (Postgres, "asyncpg", "sqlalchemy.dialects.postgresql.asyncpg"),
    "mysql": (MySQL, "asyncmy", "sqlalchemy.dialects.mysql.asyncmy"),
    "sqlite": (Sqlite, "aiosqlite", "sqlalchemy.dialects.sqlite.aiosqlite"),
}
