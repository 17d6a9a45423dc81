"""`AsyncConnectionManager`: every connection of an application, opened once and closed in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ai_catalyst.errors import CatalystError, StoreError, StoreTimeout, UserError
from ai_catalyst.io.database_faults import explain
from ai_catalyst.io.databases import Database, database_of
from ai_catalyst.io.servers import ServerSettings

if TYPE_CHECKING:
    from types import TracebackType

    import aiohttp
    from redis.asyncio import Redis
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

__all__ = ["AsyncConnectionManager", "Health"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a server answers, after how many seconds, and if not, why."""

    ok: bool
    seconds: float
    error: str = ""


class AsyncConnectionManager:
    """Holds one pool for each server: a database, Redis and HTTP.

    ``settings`` is a `ServerSettings`, a database URL, a mapping with its names, or the
    application's settings; None reads ``DATABASE_URL`` and ``REDIS_URL``, else a database in memory
    and ``redis://localhost``. A URL of None means there is no such server. ``db_pool`` is the
    driver's own pool (asyncpg, asyncmy, or the aiosqlite connection), ``redis_pool`` a decoding
    ``redis.asyncio.Redis``, ``http_session`` an ``aiohttp.ClientSession``: all None before
    `initialize`. It belongs to the event loop that initialized it.
    """

    def __init__(self, settings: object = None) -> None:
        """Read the settings; nothing is opened yet. Raises `UserError` when they are wrong."""
        self.settings = ServerSettings.of(settings).sized()
        self.db_pool: Any = None
        self.redis_pool: Redis | None = None
        self.http_session: aiohttp.ClientSession | None = None
        self._database: Database | None = None
        self._engine: AsyncEngine | None = None
        self._turn = asyncio.Lock()
        self._open = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def database(self) -> Database:
        """The database; raises `UserError` before `initialize`, or when none is configured."""
        if self._database is None:
            reason = "has no database_url" if self._open else "is not initialized"
            raise UserError(f"the connection manager {reason}")
        return self._database

    @property
    def kind(self) -> str:
        """What the database is: ``postgres``, ``mysql`` or ``sqlite``."""
        return self.database.kind

    @property
    def belongs_here(self) -> bool:
        """Whether the running loop may use it: it is this loop's, or nobody's yet."""
        return self._loop is None or self._loop is asyncio.get_running_loop()

    async def initialize(self) -> None:
        """Open what is configured; harmless when open already.

        The database is connected to, Redis and HTTP when they are first used. Raises `UserError`
        for a wrong URL, password or database, `StoreError` when the database does not answer;
        nothing stays open then.
        """
        async with self._turn:
            if self._open:
                return
            try:
                await self._initialize()
            except BaseException as error:
                await self._close_all()
                if isinstance(error, CatalystError) or not isinstance(error, Exception):
                    raise
                raise explain(error, "cannot connect to the database") from error
            self._open = True
            self._loop = asyncio.get_running_loop()

    async def _initialize(self) -> None:
        self._database = await database_of(self.settings)
        if self._database is not None:
            await self._database.open()
            self.db_pool = self._database.pool
        if self.settings.redis_url is not None:
            self.redis_pool = await asyncio.to_thread(_redis, self.settings)
        make = await asyncio.to_thread(_http_maker)
        self.http_session = make(self.settings)

    @property
    def engine(self) -> AsyncEngine:
        """SQLAlchemy's engine on the database; made when first asked for."""
        if self._engine is None:
            from sqlalchemy.ext.asyncio import create_async_engine

            options = self.database.engine_options()
            self._engine = create_async_engine(options.pop("url"), **options)
            pragmas = getattr(self.database, "pragmas", None)
            if pragmas:
                _on_connect(self._engine, pragmas)
        return self._engine

    def session(self) -> AsyncSession:
        """Return a new session: ``async with manager.session() as session``.

        Its objects stay readable after a commit. Raises `UserError` before `initialize`.
        """
        from sqlalchemy.ext.asyncio import AsyncSession

        return AsyncSession(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def connection(self, timeout_s: float | None = None) -> AsyncIterator[Any]:
        """Lend a connection of the driver; raises `StoreTimeout` when none is free in time."""
        database = self.database
        limit = self.settings.acquire_timeout_s if timeout_s is None else timeout_s
        lent = False
        try:
            async with database.lend(limit) as connection:
                lent = True
                yield connection
        except TimeoutError as error:
            if lent or isinstance(error, CatalystError):
                raise
            raise StoreTimeout(
                f"no database connection was free within {limit:g} s: "
                "raise pool_max, or hold connections for a shorter time"
            ) from error

    async def transaction(
        self,
        work: Callable[[AsyncSession], Awaitable[T]],
        *,
        attempts: int = 10,
        repeatable: bool = False,
    ) -> T:
        """Return what ``await work(session)`` returns, committed.

        Run again after a serialisation failure or deadlock, ``attempts`` times in all, and after a
        connection lost before the commit was sent. Lost during the commit it may have happened:
        then only work that is ``repeatable`` is run again. Raises `StoreError` for the last fault.
        """
        from ai_catalyst.io.transactions import in_transaction

        return await in_transaction(
            self.session, work, attempts, repeatable=repeatable, within_s=self.settings.reconnect_s
        )

    async def health(self) -> dict[str, Health]:
        """Return how each configured server is: ``database``, ``redis``, ``http``."""
        checks: dict[str, Callable[[], Awaitable[object]]] = {}
        if self._database is not None:
            checks["database"] = self._database.ping
        if self.redis_pool is not None:
            checks["redis"] = self.redis_pool.ping
        found = [_health(name, check, self.settings) for name, check in checks.items()]
        health = dict(zip(checks, await asyncio.gather(*found), strict=True))
        if self.http_session is not None:
            health["http"] = Health(not self.http_session.closed, 0.0)
        return health

    async def cleanup(self) -> None:
        """Close everything, what depends on others first; harmless when closed already."""
        async with self._turn:
            await self._close_all()

    async def close(self) -> None:
        """Close everything."""
        await self.cleanup()

    async def _close_all(self) -> None:
        http, self.http_session = self.http_session, None
        engine, self._engine = self._engine, None
        redis, self.redis_pool = self.redis_pool, None
        database, self._database = self._database, None
        self.db_pool, self._open, self._loop = None, False, None
        for thing, close in (
            (http, "close"),
            (engine, "dispose"),
            (database, "close"),
            (redis, "aclose"),
        ):
            if thing is not None:
                with suppress(OSError, StoreError):  # a server that is gone cannot say goodbye
                    await getattr(thing, close)()

    async def __aenter__(self) -> Self:
        """Initialize and return the manager."""
        await self.initialize()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything."""
        await self.cleanup()

    def __del__(self) -> None:
        """Warn when it was initialized and never closed."""
        if getattr(self, "_open", False):
            from ai_catalyst.io.sessions import warn_unclosed

            warn_unclosed(self)


async def _health(
    name: str, check: Callable[[], Awaitable[object]], settings: ServerSettings
) -> Health:
    started = time.monotonic()
    try:
        async with asyncio.timeout(settings.connect_timeout_s):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever it is, the server is not well
        return Health(False, time.monotonic() - started, str(explain(error, name)))
    return Health(True, time.monotonic() - started)


def _redis(settings: ServerSettings) -> Redis:
    """Make the client, which connects when it is used; imports in a thread."""
    try:
        from redis.asyncio import BlockingConnectionPool, Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ImportError as error:
        raise UserError("redis is not installed: pip install '.[redis]'") from error
    try:
        pool = BlockingConnectionPool.from_url(
            settings.redis_url or "",
            decode_responses=True,
            max_connections=settings.redis_connections,
            timeout=settings.acquire_timeout_s,
            socket_connect_timeout=settings.connect_timeout_s,
            socket_timeout=settings.query_timeout_s,
            health_check_interval=30,
            # The client would send a command twice whatever it does; who knows it may be
            # repeated does that (see redis.py).
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise UserError("the Redis URL is not understood: use redis://host:port/0") from error
    return Redis.from_pool(pool)


def _http_maker() -> Callable[[ServerSettings], aiohttp.ClientSession]:
    """Import aiohttp in a thread; the session itself is made on its loop."""
    import aiohttp

    from ai_catalyst.io.resolver import Resolver
    from ai_catalyst.io.sessions import tls_context

    def make(settings: ServerSettings) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=settings.http_connections or 100,
                limit_per_host=settings.http_per_host or 30,
                keepalive_timeout=settings.http_keepalive_s,
                resolver=Resolver(),
                ssl=tls_context(),
            ),
            timeout=aiohttp.ClientTimeout(total=settings.http_timeout_s),
        )

    return make


def _on_connect(engine: AsyncEngine, pragmas: str) -> None:
    from sqlalchemy import event

    @event.listens_for(engine.sync_engine, "connect")
    def _set(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas.split(";"):
            cursor.execute(pragma)
        cursor.close()
