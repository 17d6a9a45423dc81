"""What a URL that a person named leads to: the articles of a feed, or one page."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from ai_catalyst.articles.feed_state import FeedState, Hints
from ai_catalyst.articles.feeds import RSSParser
from ai_catalyst.articles.model import Article
from ai_catalyst.articles.reading import ArticleReader, Entry
from ai_catalyst.articles.scraper import AsyncWebScraper
from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.locating import Locator
from ai_catalyst.documents.opening import open_blob
from ai_catalyst.documents.sources import Found
from ai_catalyst.errors import FileError
from ai_catalyst.store.article_rows import identity_of

if TYPE_CHECKING:
    from ai_catalyst.io.response import Response
    from ai_catalyst.store import Cache

__all__ = [
    "Web",
    "keep_feed",
    "keeps_feed",
    "kept_hints",
    "looks_like_a_feed",
    "unique",
    "without_repeats",
]

KIND = "rss"
KEPT_S = 30 * 86400.0
"""How long the articles of a feed that is followed are kept beyond its next visit."""

_FEED = re.compile(
    r"(?:\.(?:xml|rss|atom|rdf|cdf|opml)$)|(?:^|[/.?=&_-])(?:feeds?|rss\d*|atom)(?:$|[/.?=&_-])",
    re.IGNORECASE,
)


def looks_like_a_feed(url: str) -> bool:
    """Say whether a URL reads like a feed's: programs are invited, whatever robots.txt says."""
    place = urlsplit(url)
    return bool(_FEED.search(f"{place.path}?{place.query}".rstrip("?")))


def unique(articles: Iterable[Article], seen: set[str]) -> Iterator[Article]:
    """Yield the articles not ``seen``, and add them: known by canonical URL, guid, or text.

    A guid alone makes two entries one only when their titles agree: there are feeds that give every
    entry the same.
    """
    for article in articles:
        names = {identity_of(article.url, article.guid, article.title, article.content)}
        if article.guid:
            names.add(f"guid:{article.feed_url}:{article.guid}:{article.title}")
        new = not names & seen
        seen |= names
        if new:
            yield article


class _Feed(msgspec.Struct, frozen=True):
    """A feed as the cache keeps it, with what a conditional request needs.

    ``digest`` is that of the bytes it was parsed from: many servers send the same again. Before
    ``good_until``, in seconds since the epoch, the feed is not asked (0: each time); ``error`` says
    why there is nothing until then.
    """

    articles: list[Article]
    digest: bytes
    etag: str | None = None
    last_modified: str | None = None
    good_until: float = 0.0
    error: str = ""
    hints: Hints | None = None


async def keeps_feed(cache: Cache, url: str) -> bool:
    """Say whether a URL was a feed when it was last asked, and its articles are kept."""
    kept = await cache.get(KIND, url, _Feed)
    return kept is not None and not kept.error


async def kept_hints(cache: Cache, url: str) -> Hints | None:
    """Return what a feed that is kept said of coming back."""
    kept = await cache.get(KIND, url, _Feed)
    return kept.hints if kept is not None else None


async def keep_feed(
    cache: Cache,
    state: FeedState,
    *,
    articles: list[Article] | None = None,
    error: str = "",
) -> None:
    """Keep what a visit to a feed brought, so that nobody asks again before it is due.

    Without ``articles`` those that are kept stay; where there are none, ``error`` is what is told.
    """
    url = state.url
    kept = await cache.get(KIND, url, _Feed)
    if articles is not None:
        feed = _Feed(articles, state.digest or b"", state.etag, state.last_modified)
    elif kept is not None and not kept.error:
        feed = kept
    else:
        feed = _Feed([], b"", error=error)
    hints = state.hints or feed.hints
    feed = msgspec.structs.replace(feed, good_until=state.due, hints=hints)
    await cache.set(KIND, url, feed, max(0.0, state.due - time.time()) + KEPT_S, label=url)


class Web:
    """Opens the URLs a person named: a feed is its articles, not read yet; a page is its text.

    Feeds are asked each time whether they have changed; a page in the cache is not asked for again.
    """

    def __init__(
        self,
        scraper: AsyncWebScraper,
        reader: ArticleReader,
        *,
        cache: Cache,
        refresh: bool = False,
        timeout_s: float = 60.0,
    ) -> None:
        """Fetch through ``scraper``; parse a feed in at most ``timeout_s`` seconds."""
        self._scraper = scraper
        self._reader = reader
        self._cache = cache
        self._refresh = refresh
        self._parser = RSSParser(timeout_s=timeout_s)

    async def knows(self, url: str) -> bool:
        """Say whether a URL was opened before, so that there may be nothing new behind it."""
        kept = await self._cache.get(KIND, url, _Feed)
        return kept is not None or await self._scraper.kept_page(url) is not None

    async def open(self, locator: Locator) -> Sequence[Found] | Blob:
        """Return what a URL leads to; what is neither page nor feed as it came.

        Raises `SourceError`.
        """
        url = locator.path or locator.uri
        if await self._scraper.kept_page(url) is not None:
            page = await self._scraper.fetch_content(url, refresh=self._refresh)
            return [await self._reader.page(locator.uri, page)]
        kept = await self._cache.get(KIND, locator.uri, _Feed)
        if kept is not None and not self._refresh and kept.good_until > time.time():
            return self._told(kept, locator.uri)
        if kept is not None and kept.error:
            kept = None
        response = await self._scraper.fetch(
            url,
            etag=kept.etag if kept else None,
            last_modified=kept.last_modified if kept else None,
            accept=(),
            robots=kept is None and not looks_like_a_feed(url),
        )
        if response.not_modified and kept is not None:
            return self._entries(kept.articles)
        digest = hashlib.sha256(response.body).digest()
        if kept is not None and kept.digest == digest:
            return self._entries(kept.articles)
        return await self._opened(locator, url, response, digest)

    async def _opened(
        self, locator: Locator, url: str, response: Response, digest: bytes
    ) -> Sequence[Found] | Blob:
        blob = Blob(
            locator.uri,
            data=response.body,
            media_type=response.media_type,
            charset=response.charset,
            url=response.url,
        )
        kind = await asyncio.to_thread(_kind_of, blob)
        if kind == "html":
            page = await self._scraper.page_of(response, url)
            return [await self._reader.page(locator.uri, page)]
        if kind != "feed":
            return blob
        articles = await self._parser.articles_of(blob)
        feed = _Feed(articles, digest, response.etag, response.last_modified)
        await self._cache.set(KIND, locator.uri, feed, label=locator.uri)
        return self._entries(articles)

    def _told(self, kept: _Feed, url: str) -> list[Found]:
        if kept.error:
            raise FileError(kept.error, path=url, kind="not_due")
        return self._entries(kept.articles)

    def _entries(self, articles: list[Article]) -> list[Found]:
        known = frozenset(identity_of(one.url, "", "", "") for one in articles if one.url)
        return [Entry(one, self._reader, known) for one in unique(articles, set())]


def _kind_of(blob: Blob) -> str:
    """Say what a fetched answer is, in a thread; "" when no reader knows it."""
    opened = open_blob(blob)
    return opened.reader.kind if opened.reader is not None else ""


async def without_repeats(sources: AsyncIterable[Found]) -> AsyncIterator[Found]:
    """Leave out articles that an earlier feed has named."""
    seen: set[str] = set()
    async for source in sources:
        if not isinstance(source, Entry) or any(unique([source.article], seen)):
            yield source
