"""The PostgreSQL side of `DatabaseManager`: asyncpg pools, one a loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
import weakref
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.store.article_rows import COLUMNS, article_rows, upsert
from ai_catalyst.store.faults_postgres import explain, shown
from ai_catalyst.store.schema import HEAD, check_version, upgrade
from ai_catalyst.store.sql import Parameters, bind

if TYPE_CHECKING:
    import asyncpg

__all__ = ["PostgresDatabase"]

_SAVE = upsert(f"${n}" for n in range(1, len(COLUMNS) + 1))
_CHUNK = 256
_WRONG_URL = (
    "the URL of the database cannot be read: postgresql+asyncpg://user:password@host:5432/name; "
    "in a password, @ : / ? # [ ] are written %40 %3A %2F %3F %23 %5B %5D"
)
CLOSE_S = 10.0
"""How long closing waits for connections that are lent."""
_UPGRADE_LOCK = 0x6361_7461
_SAVE_LOCK = 0x6361_7478
"""Keys of the advisory locks under which one process at a time changes the schema, or saves."""


class PostgresDatabase:
    """A database behind a URL; its password is in no message.

    ``options`` are what asyncpg takes for each connection, such as ``timeout``; ``reset`` is
    awaited with a connection that comes back, in place of the statement that undoes whatever a
    session can set.
    """

    path = None

    def __init__(
        self,
        url: str,
        pool_size: int,
        options: Mapping[str, Any] | None = None,
        *,
        reset: Callable[[Any], Awaitable[None]] | None = None,
    ) -> None:
        """Connect to nothing yet."""
        if find_spec("asyncpg") is None:
            raise UserError("PostgreSQL needs the extra `postgres`: pip install '.[postgres]'")
        self._asyncpg: Any = None  # imported by the first use, in a thread: it takes a while
        self._url = url
        self.shown = shown(url)
        self._size = pool_size
        self._options = dict(options or {})
        self._reset = reset
        self._places: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Place] = (
            weakref.WeakKeyDictionary()
        )
        self._is_ready = False
        self._closed = False
        self.opened = False

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """Lend a connection of this loop's pool."""
        pool = await self._pool()
        with self._reaching():
            borrowed = await pool.acquire()
        try:
            yield borrowed
        finally:
            await self._take_back(pool, borrowed)

    def owns(self, connection: Any) -> bool:
        """Tell whether it is a connection of asyncpg."""
        if self._asyncpg is None:
            return False
        kinds = (self._asyncpg.Connection, self._asyncpg.pool.PoolConnectionProxy)
        return isinstance(connection, kinds)

    async def save(self, connection: Any, articles: Iterable[Any]) -> int:
        """Save articles in one transaction, or in a savepoint of the one that is open."""
        rows = await asyncio.to_thread(article_rows, list(articles), time.time())
        with self.mapped():
            async with _atomic(connection):
                # One saver at a time: two that share articles would wait for each other in turn.
                await connection.execute(f"SELECT pg_advisory_xact_lock({_SAVE_LOCK})")
                await connection.executemany(_SAVE, rows)
        return len(rows)

    async def stream(self, sql: str, parameters: Parameters) -> AsyncIterator[Any]:
        """Yield rows from a cursor."""
        bound, values = bind(sql, parameters, "${}".format)
        async with self.connection() as connection:
            with self.mapped():
                async with connection.transaction(readonly=True, isolation="repeatable_read"):
                    async for row in connection.cursor(bound, *values, prefetch=_CHUNK):
                        yield row

    async def close(self) -> None:
        """Close every pool, also those of other loops."""
        self._closed = True
        here = asyncio.get_running_loop()
        elsewhere = []
        for loop, place in list(self._places.items()):
            if place.keeper is None:
                continue
            if loop is here:
                await place.keeper.aclose()
            elif loop.is_running():
                ended = asyncio.run_coroutine_threadsafe(_end(place.keeper), loop)
                elsewhere.append(asyncio.wrap_future(ended))
        if elsewhere:  # a loop that waits for this very call cannot answer: don't insist
            await asyncio.wait(elsewhere, timeout=0.25)

    def abandon(self) -> None:
        """Cut the connections, each on its loop."""
        for loop, place in list(self._places.items()):
            if place.pool is not None and not loop.is_closed():
                loop.call_soon_threadsafe(place.pool.terminate)

    async def _pool(self) -> asyncpg.Pool[Any]:
        if self._closed:
            raise StoreError(f"the database {self.shown} is closed")
        loop = asyncio.get_running_loop()
        place = self._places.get(loop)
        if place is None:
            place = self._places[loop] = _Place()
        async with place.lock:
            if place.pool is None:
                await self._make_ready()
                with self._reaching():
                    place.pool = await self._asyncpg.create_pool(
                        self._url,
                        min_size=0,
                        max_size=self._size,
                        reset=self._reset,
                        **self._options,
                    )
                place.keeper = _keep(place.pool)
                await anext(place.keeper)
                self.opened = True
        return place.pool

    async def _take_back(self, pool: asyncpg.Pool[Any], borrowed: Any) -> None:
        lost = self._asyncpg.PostgresError, self._asyncpg.InterfaceError, OSError
        with contextlib.suppress(*lost):  # then it is closed, and not lent again
            try:
                if not borrowed.is_closed() and borrowed.is_in_transaction():
                    await borrowed.execute("ROLLBACK")
            finally:
                await pool.release(borrowed)

    async def _make_ready(self) -> None:
        """Bring the schema up; scripts run in a thread with a loop of its own."""
        if self._is_ready:
            return
        self._asyncpg = await asyncio.to_thread(import_module, "asyncpg")
        with self._reaching():
            connection = await self._asyncpg.connect(self._url, **self._options)
        try:
            version = await _version(connection)
        finally:
            await connection.close()
        check_version(version, self.shown)
        if version != HEAD:
            with self.mapped():
                await asyncio.to_thread(asyncio.run, _upgrade(self._url))
        self._is_ready = True

    @contextlib.contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            with self._mapped(
                "cannot be used ({}): check that it runs, and the user and name in its URL"
            ):
                yield
        except ValueError as error:  # the driver's, of a port that is none
            raise UserError(_WRONG_URL) from error

    @contextlib.contextmanager
    def mapped(self) -> Iterator[None]:
        """Turn the driver's errors into `StoreError`."""
        with self._mapped("refused the statement: {}"):
            yield

    @contextlib.contextmanager
    def _mapped(self, otherwise: str) -> Iterator[None]:
        try:
            yield
        except (OSError, self._asyncpg.PostgresError, self._asyncpg.InterfaceError) as error:
            raise explain(error, self.shown, otherwise) from error


@dataclass(slots=True, eq=False)
class _Place:
    """The pool of one loop."""

    pool: asyncpg.Pool[Any] | None = None
    keeper: AsyncGenerator[None, None] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


async def _keep(pool: asyncpg.Pool[Any]) -> AsyncGenerator[None, None]:
    """Close a pool when this generator is closed, which its loop does when it shuts down."""
    try:
        yield
    finally:
        try:
            async with asyncio.timeout(CLOSE_S):
                await pool.close()
        except TimeoutError:  # somebody never gave a connection back
            pool.terminate()


async def _end(keeper: AsyncGenerator[None, None]) -> None:
    await keeper.aclose()


@contextlib.asynccontextmanager
async def _atomic(connection: Any) -> AsyncIterator[None]:
    """Begin a transaction, or a savepoint in the one its owner began, by whatever means."""
    inside = connection.is_in_transaction()
    await connection.execute("SAVEPOINT save_articles" if inside else "BEGIN")
    try:
        yield
    except BaseException:
        await connection.execute("ROLLBACK TO save_articles" if inside else "ROLLBACK")
        raise
    await connection.execute("RELEASE save_articles" if inside else "COMMIT")


async def _version(connection: Any) -> str | None:
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    version: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return version


async def _upgrade(url: str) -> None:
    import asyncpg
    from sqlalchemy import NullPool, exc
    from sqlalchemy.ext.asyncio import create_async_engine

    async def connect() -> Any:
        return await asyncpg.connect(url)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
            await connection.run_sync(upgrade)
    except exc.DBAPIError as error:
        cause = error.orig and error.orig.__cause__
        if isinstance(cause, asyncpg.PostgresError | asyncpg.InterfaceError | OSError):
            raise cause from error
        raise
    finally:
        await engine.dispose()
