"""Stores as the settings want them: for the command line and a cluster's workers alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai_catalyst.store.store import Store

if TYPE_CHECKING:
    from ai_catalyst.settings import Settings
    from ai_catalyst.store.shared import SharedStore

__all__ = ["file_store_of", "shared_store_of", "shared_url"]

_DISK_BYTES = 2 << 30


def shared_url(settings: Settings) -> str | None:
    """Return the URL of the database that many machines share; None when the settings name none."""
    if settings.database.url is None:
        return None
    from ai_catalyst.store.shared import is_shared

    url = settings.database.url.get_secret_value()
    return url if is_shared(url) else None


def shared_store_of(settings: Settings, *, owner_name: str | None = None) -> SharedStore:
    """Return the shared store, with this machine's cache; raises `UserError` when none is named."""
    from ai_catalyst.store.shared import SharedStore

    database = settings.database
    return SharedStore(
        shared_url(settings) or "",
        local=file_store_of(settings),
        owner_name=owner_name,
        pool_size=database.pool_size if database.async_enabled else 1,
    )


def file_store_of(settings: Settings) -> Store:
    """Return the store of the state folder, whatever the database."""
    cache = settings.cache
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
