"""Which servers the library uses: those of `configure`, else a file in the state folder."""

from __future__ import annotations

import asyncio
import atexit
import os
import weakref
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import cast

import sqlalchemy as sa

from ai_catalyst.errors import UserError
from ai_catalyst.io.connections import AsyncConnectionManager
from ai_catalyst.io.databases import Sqlite
from ai_catalyst.io.redis import AsyncRedisManager
from ai_catalyst.io.repository import Repository, open_repository
from ai_catalyst.io.servers import ServerSettings
from ai_catalyst.store.place import prepare, state_dir
from ai_catalyst.video.leases import leases
from ai_catalyst.video.rows import ATTEMPT, trigger_sql, videos

__all__ = ["Place", "configure", "here"]

FILE_NAME = "videos.db"


@dataclass(slots=True)
class Place:
    """Where the library keeps rows and cached values, for one event loop."""

    manager: AsyncConnectionManager
    rows: Repository
    leases: Repository
    cache: AsyncRedisManager | None
    given: object
    keeper: AsyncGenerator[None, None] | None


_given: AsyncConnectionManager | None = None
_places: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Place] = weakref.WeakKeyDictionary()
_turns: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
    weakref.WeakKeyDictionary()
)


def configure(manager: AsyncConnectionManager | None) -> None:
    """Use a connection manager's servers from now on; None goes back to the state folder.

    The manager stays the caller's to close. Where it belongs to another event loop than the one
    that runs (a sync twin's), connections with the same settings are opened beside it.
    """
    global _given
    _given = manager


async def here() -> Place:
    """Return the place for the running loop; opened, and its table made, at first use."""
    loop = asyncio.get_running_loop()
    place = _places.get(loop)
    if _fits(place):
        return cast("Place", place)
    async with _turns.setdefault(loop, asyncio.Lock()):
        place = _places.get(loop)
        if _fits(place):
            return cast("Place", place)
        if place is not None and place.keeper is not None:
            await place.keeper.aclose()
        _places[loop] = place = await _open()
        return place


def _fits(place: Place | None) -> bool:
    return place is not None and place.given is _given and place.manager.db_pool is not None


async def _open() -> Place:
    given, keeper = _given, None
    manager = given
    if manager is None or not manager.belongs_here:
        settings = await asyncio.to_thread(_own_settings) if manager is None else manager.settings
        manager = AsyncConnectionManager(_shared(settings, given))
        keeper = _keep(manager)
        await anext(keeper)  # the loop closes it when it shuts down
        atexit.register(_farewell, weakref.ref(keeper), asyncio.get_running_loop())
    await manager.initialize()
    if manager.settings.database_url is None:
        raise UserError("the video library needs a database: give its manager a database_url")
    rows = await _rows(manager)
    claims = await open_repository(manager, leases)
    await claims.create()
    cache = None
    if manager.redis_pool is not None:
        cache = AsyncRedisManager(manager, fallback=True)
    return Place(manager, rows, claims, cache, given, keeper)


def _shared(settings: ServerSettings, given: AsyncConnectionManager | None) -> ServerSettings:
    """Point a second manager at the very same database in memory."""
    database = given and given.db_pool is not None and given.database
    if isinstance(database, Sqlite) and database.memory:
        return replace(settings, database_url=f"sqlite:///{database.path}")
    return settings


def _own_settings() -> ServerSettings:
    if os.environ.get("DATABASE_URL"):
        return ServerSettings.of(None)
    path = (state_dir() / FILE_NAME).absolute()
    prepare(path)
    return ServerSettings.of(f"sqlite:///{path}")


async def _keep(manager: AsyncConnectionManager) -> AsyncGenerator[None, None]:
    """Close a manager of our own when its loop shuts down: loops finalise such generators."""
    try:
        yield
    finally:
        with suppress(RuntimeError):
            await manager.cleanup()


def _farewell(
    keeper: weakref.ref[AsyncGenerator[None, None]], loop: asyncio.AbstractEventLoop
) -> None:
    """Close what a loop in another thread still holds when the program ends."""
    held = keeper()
    if held is not None and loop.is_running():
        with suppress(Exception):
            asyncio.run_coroutine_threadsafe(_close(held), loop).result(timeout=2)


async def _close(keeper: AsyncGenerator[None, None]) -> None:
    await keeper.aclose()


async def _rows(manager: AsyncConnectionManager) -> Repository:
    rows = await open_repository(manager, videos)
    await rows.create()
    await _complete(manager)
    for statement in trigger_sql(manager.kind):
        async with manager.connection() as connection:
            if manager.kind == "mysql":
                async with connection.cursor() as cursor:
                    await cursor.execute(statement)
            else:
                await connection.execute(statement)
    return rows


async def _complete(manager: AsyncConnectionManager) -> None:
    """Add the column that a table made by an older version lacks."""
    async with manager.engine.begin() as connection:
        names = await connection.run_sync(_columns)
        if ATTEMPT not in names:
            await connection.execute(
                sa.text(f"ALTER TABLE videos ADD COLUMN {ATTEMPT} VARCHAR(32)")
            )


def _columns(connection: sa.Connection) -> set[str]:
    return {str(column["name"]) for column in sa.inspect(connection).get_columns("videos")}
