"""`DatabaseManager`: saved articles, in SQLite or PostgreSQL, through one interface."""

from __future__ import annotations

import os
import warnings
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from ai_catalyst.engine.bridge import twin
from ai_catalyst.errors import UserError
from ai_catalyst.store.place import resolve
from ai_catalyst.store.sql import Parameters

__all__ = ["DatabaseManager"]


class Backend(Protocol):
    """What a database of either kind does for `DatabaseManager`."""

    opened: bool

    @property
    def path(self) -> Path | None:
        """The SQLite file, None for a server."""
        ...

    def mapped(self) -> AbstractContextManager[None]:
        """Turn the driver's errors into `StoreError`."""
        ...

    def connection(self) -> AbstractAsyncContextManager[Any]:
        """Lend a connection of the driver."""
        ...

    def owns(self, connection: Any) -> bool:
        """Tell whether a connection is one of this driver."""
        ...

    async def save(self, connection: Any, articles: Iterable[Any]) -> int:
        """Save articles in one transaction."""
        ...

    def stream(self, sql: str, parameters: Parameters) -> AsyncIterator[Any]:
        """Yield rows."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...

    def abandon(self) -> None:
        """Close what can be closed without waiting."""
        ...


class DatabaseManager:
    """Saves articles and streams rows.

    ``path_or_url`` is a SQLite file, ``sqlite+aiosqlite:///file``, ``sqlite://`` (in memory), or
    ``postgresql+asyncpg://user:password@host/name`` (the extra ``postgres``); None is
    ``DATABASE_URL``, else the store in the state folder. Tables are made or upgraded at first use.
    ``pool_size`` is the number of connections at the most.
    """

    def __init__(self, path_or_url: Path | str | None = None, *, pool_size: int = 5) -> None:
        """Choose the database; nothing is opened yet."""
        self._backend = _backend(path_or_url, pool_size)
        self._closed = False

    @property
    def path(self) -> Path | None:
        """The SQLite file, None when the database is PostgreSQL."""
        return self._backend.path

    def mapped(self) -> AbstractContextManager[None]:
        """Turn errors of the driver into `StoreError`: ``with db.mapped(): …``."""
        return self._backend.mapped()

    def async_pool(self) -> AbstractAsyncContextManager[Any]:
        """Lend a connection of the driver (aiosqlite, asyncpg): ``async with … as connection``.

        Outside a transaction each statement is durable by itself. Raises `StoreError`.
        """
        return self._backend.connection()

    async def save_articles_async(self, connection: Any, articles: Iterable[Any]) -> int:
        """Save articles in one transaction: all of them, or none; returns how many rows that were.

        An article is any mapping or object with ``title, url, published, summary, content,
        authors, guid, tags, page, analysis``, as far as it has them. The same article (by
        canonical URL, else guid) is one row: saving it again updates what it brings. With None as
        the connection one of the pool is used. Raises `StoreError`.
        """
        if connection is None:
            async with self.async_pool() as own:
                return await self._backend.save(own, articles)
        if not self._backend.owns(connection):
            raise UserError(
                f"a {type(connection).__name__} is not a connection of this database: "
                "use `async with db.async_pool() as connection`"
            )
        return await self._backend.save(connection, articles)

    save_articles = twin(save_articles_async)

    def stream(self, sql: str, parameters: Parameters = ()) -> AsyncIterator[Any]:
        """Yield a query's rows from one snapshot, a chunk of them in memory at a time.

        Rows are read by name and by index. Parameters are marked ``?``, ``:name`` or ``$1``,
        whatever the database. Raises `StoreError`.
        """
        return self._backend.stream(sql, parameters)

    async def close(self) -> None:
        """Close every connection; harmless when closed already."""
        self._closed = True
        await self._backend.close()

    async def __aenter__(self) -> DatabaseManager:
        """Return the manager; it opens by itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.close()

    def __del__(self) -> None:
        """Warn when it was opened and never closed."""
        if getattr(self, "_closed", True) or not self._backend.opened:
            return
        warnings.warn("unclosed DatabaseManager", ResourceWarning, source=self, stacklevel=2)
        self._backend.abandon()


def _backend(path_or_url: Path | str | None, pool_size: int) -> Backend:
    given = path_or_url
    if given is None:
        given = os.environ.get("DATABASE_URL") or resolve(None)
    scheme, separator, rest = str(given).partition("://")
    if not separator or isinstance(given, Path):
        return _sqlite(resolve(given), pool_size)
    if scheme in {"sqlite", "sqlite+aiosqlite"}:
        name = rest.partition("?")[0].removeprefix("/")
        return _sqlite(None if name in {"", ":memory:"} else resolve(name), pool_size)
    if scheme in {"postgresql", "postgres", "postgresql+asyncpg"}:
        from ai_catalyst.store.database_postgres import PostgresDatabase

        return PostgresDatabase(f"postgresql://{rest}", pool_size)
    raise UserError(
        f"a database of the kind {scheme!r} is not known: "
        "use a path, sqlite+aiosqlite:///… or postgresql+asyncpg://…"
    )


def _sqlite(path: Path | None, pool_size: int) -> Backend:
    from ai_catalyst.store.database_sqlite import SqliteDatabase

    return SqliteDatabase(path, pool_size)
