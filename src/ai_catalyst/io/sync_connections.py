"""`ConnectionManager`: the connections of an application that is not async."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from ai_catalyst.engine.blocking import run_here
from ai_catalyst.io.bridged import Bridged, lent
from ai_catalyst.io.connections import AsyncConnectionManager, Health

if TYPE_CHECKING:
    import aiohttp
    from redis.asyncio import Redis
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

    from ai_catalyst.io.databases import Database

__all__ = ["ConnectionManager"]

T = TypeVar("T")


class ConnectionManager:
    """The sync twin of `AsyncConnectionManager`, on a background loop.

    Sessions and connections it lends are used like the async ones without ``await``
    (`ai_catalyst.io.bridged`). Its pools belong to the background loop: use them in a coroutine
    function handed to `run`.
    """

    def __init__(self, settings: object = None) -> None:
        """Read the settings; nothing is opened yet."""
        self.asynchronous = AsyncConnectionManager(settings)
        self.settings = self.asynchronous.settings

    def initialize(self) -> None:
        """Open what is configured; harmless when open already."""
        run_here(self.asynchronous.initialize(), "AsyncConnectionManager.initialize")

    def cleanup(self) -> None:
        """Close everything, what depends on others first; harmless when closed already."""
        run_here(self.asynchronous.cleanup(), "AsyncConnectionManager.cleanup")

    def health(self) -> dict[str, Health]:
        """Return how each configured server is: ``database``, ``redis``, ``http``."""
        return run_here(self.asynchronous.health(), "AsyncConnectionManager.health")

    def close(self) -> None:
        """Close everything."""
        self.cleanup()

    def run(self, work: Callable[[AsyncConnectionManager], Awaitable[T]]) -> T:
        """Return what ``await work(manager)`` returns, with the async manager on its loop."""
        return run_here(work(self.asynchronous), getattr(work, "__qualname__", "work"))

    def session(self) -> Bridged:
        """Return a new session: ``with manager.session() as session``."""
        return Bridged(self.asynchronous.session())

    def connection(self, timeout_s: float | None = None) -> AbstractContextManager[Bridged]:
        """Lend a connection of the driver; raises `StoreTimeout` when none is free in time."""
        return lent(self.asynchronous.connection(timeout_s), "connection")

    def transaction(
        self,
        work: Callable[[Bridged], T | Awaitable[T]],
        *,
        attempts: int = 10,
        repeatable: bool = False,
    ) -> T:
        """Return what ``work(session)`` returns, committed; see the async form.

        A plain function is called in a thread, with a session to be used without ``await``.
        """
        done = self._transaction(work, attempts, repeatable)
        return run_here(done, "AsyncConnectionManager.transaction")

    async def _transaction(
        self, work: Callable[[Bridged], T | Awaitable[T]], attempts: int, repeatable: bool
    ) -> T:
        async def run(session: AsyncSession) -> T:
            if inspect.iscoroutinefunction(work):
                return cast("T", await work(cast("Any", session)))
            return await asyncio.to_thread(cast("Callable[[Bridged], T]", work), Bridged(session))

        return await self.asynchronous.transaction(run, attempts=attempts, repeatable=repeatable)

    @property
    def engine(self) -> AsyncEngine:
        """SQLAlchemy's engine on the database; made when first asked for."""
        return self.asynchronous.engine

    @property
    def database(self) -> Database:
        """The database; raises `UserError` before `initialize`, or when none is configured."""
        return self.asynchronous.database

    @property
    def kind(self) -> str:
        """What the database is: ``postgres``, ``mysql`` or ``sqlite``."""
        return self.asynchronous.kind

    @property
    def belongs_here(self) -> bool:
        """Whether the running loop may use its pools: it is the background loop."""
        return self.asynchronous.belongs_here

    @property
    def db_pool(self) -> Any:
        """The driver's pool; None before `initialize`."""
        return self.asynchronous.db_pool

    @property
    def redis_pool(self) -> Redis | None:
        """The Redis client; None before `initialize`."""
        return self.asynchronous.redis_pool

    @property
    def http_session(self) -> aiohttp.ClientSession | None:
        """The HTTP session; None before `initialize`."""
        return self.asynchronous.http_session

    def __enter__(self) -> Self:
        """Initialize and return the manager."""
        self.initialize()
        return self

    def __exit__(self, *_: object) -> None:
        """Close everything."""
        self.cleanup()
