"""The web as the settings want it read: who fetches, how fast, and where articles are saved."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from ai_catalyst.articles.archive import ArticleArchive
from ai_catalyst.articles.reading import ArticleReader
from ai_catalyst.articles.scraper import AsyncWebScraper
from ai_catalyst.articles.web import Web
from ai_catalyst.engine import Retry
from ai_catalyst.io.http import HttpClient, worth_another_try
from ai_catalyst.io.pace import MAX_PATIENCE_S
from ai_catalyst.store import Cache, DatabaseManager

if TYPE_CHECKING:
    from ai_catalyst.settings import Settings
    from ai_catalyst.store import RunStore

__all__ = ["LINKS", "http_of", "open_archive", "open_web"]

LINKS = 3
PER_HOST = 8


def http_of(settings: Settings) -> HttpClient:
    """Return the client that fetches as the settings say."""
    rate = settings.rate_limiting
    return HttpClient(
        timeout_s=min(settings.request_timeout, settings.async_.timeout),
        rps=rate.rps,
        burst=rate.burst,
        per_host=max(PER_HOST, 2 * settings.async_.max_concurrent),
        connections=100 + 2 * settings.async_.max_concurrent,
        allow_hosts=settings.allow_hosts,
        retry=Retry(deadline_s=MAX_PATIENCE_S, on=worth_another_try, factor=rate.backoff_factor),
    )


async def open_web(
    stack: AsyncExitStack,
    settings: Settings,
    store: RunStore,
    *,
    concurrency: int,
    refresh: bool,
    follow_links: bool,
) -> Web:
    """Return what opens URLs; its connections are closed with ``stack``."""
    cache = store.cache if settings.cache.enabled else Cache()
    http = await stack.enter_async_context(http_of(settings))
    timeout_s = settings.async_.timeout
    scraper = await stack.enter_async_context(
        AsyncWebScraper(http=http, cache=cache, timeout_s=timeout_s)
    )
    reader = ArticleReader(
        scraper, follow=LINKS if follow_links else 0, refresh=refresh, limit=concurrency
    )
    return Web(scraper, reader, cache=cache, refresh=refresh, timeout_s=timeout_s)


async def open_archive(stack: AsyncExitStack, settings: Settings) -> ArticleArchive:
    """Return where articles are saved; its connections are closed with ``stack``."""
    database = settings.database
    place = database.url.get_secret_value() if database.url is not None else None
    connections = database.pool_size if database.async_enabled else 1
    saved = DatabaseManager(place, pool_size=connections)
    return ArticleArchive(await stack.enter_async_context(saved))
