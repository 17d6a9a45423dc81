"""What a run needs of the web beside who reads it: what is remembered, and an early start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from ai_catalyst.articles import extraction
from ai_catalyst.articles.configured import LINKS, http_of, open_archive, open_web
from ai_catalyst.articles.planning import remembered
from ai_catalyst.articles.reading import ArticleReader
from ai_catalyst.articles.scraper import AsyncWebScraper
from ai_catalyst.articles.web import Web
from ai_catalyst.engine import Batch, shared_pool

if TYPE_CHECKING:
    from ai_catalyst.analysis.pipeline import Pipeline
    from ai_catalyst.documents.sources import Unread
    from ai_catalyst.model import Document
    from ai_catalyst.settings import Settings
    from ai_catalyst.store import RunStore

__all__ = ["get_ready", "http_of", "open_archive", "open_web", "planned_web"]


async def planned_web(
    stack: AsyncExitStack,
    settings: Settings,
    store: RunStore,
    urls: Sequence[str],
    *,
    follow_links: bool,
) -> AsyncIterator[tuple[str, Unread | None, Document | None]]:
    """Yield each URL with the articles remembered of it, and their texts; fetch nothing."""
    http = await stack.enter_async_context(http_of(settings))
    scraper = await stack.enter_async_context(AsyncWebScraper(http=http, cache=store.cache))
    reader = ArticleReader(scraper, follow=LINKS if follow_links else 0)
    for url in urls:
        known = False
        async for entry, document in remembered(store.cache, reader, url):
            known = True
            yield url, entry, document
        if not known:
            yield url, None, None


async def get_ready(stack: AsyncExitStack, web: Web, urls: Sequence[str], line: Pipeline) -> None:
    """Load what new pages need while the first of them are on their way; until ``stack`` ends.

    Nothing is loaded when every URL was opened before: there may be nothing new to read.
    """
    if all([await web.knows(url) for url in urls]):
        return
    pool = shared_pool()

    async def load(number: int) -> None:
        await (pool.run(extraction.get_ready) if number else line.prepare())

    loading = Batch(load, range(pool.workers + 1), pool.workers + 1)
    await stack.enter_async_context(loading)
