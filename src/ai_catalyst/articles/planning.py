"""What a run would find behind a URL, as far as earlier runs remember it; nothing is fetched."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from ai_catalyst.articles.model import Article
from ai_catalyst.articles.reading import ArticleReader, Entry
from ai_catalyst.model import Document
from ai_catalyst.store import Cache

__all__ = ["remembered"]


class _Feed(msgspec.Struct, frozen=True):
    """What is needed here of a feed in the cache."""

    articles: list[Article] = []


async def remembered(
    cache: Cache, reader: ArticleReader, url: str
) -> AsyncIterator[tuple[Entry, Document | None]]:
    """Yield what is remembered of a URL: its articles, each with its text where that is at hand.

    Nothing is yielded for a URL that no run has opened yet.
    """
    feed = await cache.get("rss", url, _Feed)
    if feed is None:
        article = Article(url=url)
        page = await reader.remembered(article)
        if page is not None:
            yield Entry(article, reader), page
        return
    for article in feed.articles:
        yield Entry(article, reader), await reader.remembered(article)
