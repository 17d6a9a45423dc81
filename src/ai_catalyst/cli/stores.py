"""The store as the settings want it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ai_catalyst.settings import Settings
    from ai_catalyst.store import Store

__all__ = ["open_store"]

_DISK_BYTES = 2 << 30


def open_store(settings: Settings | None = None) -> Store:
    """Return the store of the state folder; None reads the settings in force."""
    from ai_catalyst.settings import load_settings
    from ai_catalyst.store import Store

    cache = (settings or load_settings()[0]).cache  # catalyst: blocking(nothing else runs yet)
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
