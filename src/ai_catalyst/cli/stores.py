"""The store as the settings want it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ai_catalyst.settings import Settings
    from ai_catalyst.store import RunStore, Store

__all__ = ["DatabaseOption", "database_url", "open_file_store", "open_store", "settings_with"]

_DISK_BYTES = 2 << 30

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="PostgreSQL that many machines share, as in DATABASE_URL.",
        show_default=False,
    ),
]


def database_url(given: str | None) -> str | None:
    """Return the URL that ``--database`` gave; raises `UserError` for what cannot be shared."""
    from ai_catalyst.errors import UserError
    from ai_catalyst.store import is_shared

    if given is None or is_shared(given):
        return given
    raise UserError(
        "--database names what many machines share: postgresql+asyncpg://user:password@host/name; "
        "without it a file in the state folder is used, and CATALYST_HOME says where that is"
    )


def settings_with(database: str | None, config: Path | None = None) -> Settings:
    """Return the settings in force, with the database that a flag named."""
    from ai_catalyst.settings import load_settings

    flags = {"database.url": database_url(database)}
    return load_settings(flags, config=config)[0]  # catalyst: blocking(nothing else runs yet)


def open_store(settings: Settings | None = None) -> RunStore:
    """Return the store of runs: the database when it is PostgreSQL, else the state folder's file.

    None reads the settings in force.
    """
    from ai_catalyst.store import is_shared

    settings = settings or settings_with(None)
    database = settings.database
    url = database.url.get_secret_value() if database.url is not None else ""
    local = open_file_store(settings)
    if not is_shared(url):
        return local
    from ai_catalyst.store import SharedStore

    size = database.pool_size if database.async_enabled else 1
    return SharedStore(url, local=local, pool_size=size)


def open_file_store(settings: Settings | None = None) -> Store:
    """Return the store of the state folder, whatever the database; None reads the settings."""
    from ai_catalyst.store import Store

    cache = (settings or settings_with(None)).cache
    return Store(
        cache_memory_bytes=cache.l1_size_mb << 20,
        cache_disk_bytes=_DISK_BYTES if cache.l2_enabled else 0,
        cache_redis_url=cache.redis_url.get_secret_value() if cache.redis_url else None,
        cache_ttl_s={
            "read": cache.ttl_scraped,
            "rss": cache.ttl_rss,
            "scraped": cache.ttl_scraped,
            "api": cache.ttl_api,
        },
    )
