"""`RSSParser`: a feed's address or file in, its articles out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from ai_catalyst.articles.model import Article
from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.feeds import entries_of
from ai_catalyst.documents.opening import held
from ai_catalyst.documents.parsing import mapped
from ai_catalyst.engine.bridge import twin
from ai_catalyst.engine.workers import WorkerPool, shared_pool

if TYPE_CHECKING:
    from ai_catalyst.io.http import HttpClient

__all__ = ["RSSParser"]

MAX_BYTES = 64 * 2**20
TIMEOUT_S = 60.0


class RSSParser:
    """Reads feeds: RSS 0.9x, 1.0 and 2.0, Atom, CDF, JSON Feed, broken ones too.

    URLs go through ``http``, or a client of our own that may reach the private ``allow_hosts``.
    What came is parsed in ``pool`` (the shared one when None), in at most ``timeout_s`` seconds.
    """

    def __init__(
        self,
        *,
        http: HttpClient | None = None,
        pool: WorkerPool | None = None,
        allow_hosts: Iterable[str] = (),
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Take what is needed; nothing is opened before the first feed."""
        self._http = http
        self._own_http: HttpClient | None = None
        self._pool = pool
        self._allow_hosts = tuple(allow_hosts)
        self._timeout_s = timeout_s

    async def parse_feed_async(self, url_or_path: str | os.PathLike[str]) -> list[Article]:
        """Return the articles of a feed, in its order. Raises `SourceError` with its name."""
        return await self.articles_of(await self._blob(os.fspath(url_or_path)))

    parse_feed = twin(parse_feed_async)

    async def articles_of(self, blob: Blob) -> list[Article]:
        """Return the articles of a feed that was fetched. Raises `SourceError` with its name."""
        pool = self._pool or shared_pool()
        return await pool.run(_articles, blob, timeout=self._timeout_s)

    async def _blob(self, name: str) -> Blob:
        if not name.lower().startswith(("http://", "https://")):
            return await asyncio.to_thread(held, Blob(name, path=name))
        response = await self._client().get(name)
        return Blob(name, data=response.body, charset=response.charset, url=response.url)

    def _client(self) -> HttpClient:
        if self._http is None:
            from ai_catalyst.io.http import HttpClient

            self._http = self._own_http = HttpClient(allow_hosts=self._allow_hosts)
        return self._http

    async def close(self) -> None:
        """Close the HTTP client, if it is our own."""
        if self._own_http is not None:
            await self._own_http.close()

    async def __aenter__(self) -> Self:
        """Return the parser."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the HTTP client, if it is our own."""
        await self.close()


def _articles(blob: Blob) -> list[Article]:
    """Parse a feed, in a worker."""
    try:
        return [
            _article(entry, blob.url or "")
            for entry in entries_of(blob.read(MAX_BYTES), blob.charset, blob.url)
        ]
    except Exception as error:
        raise mapped(error, blob.name) from error


def _article(entry: Mapping[str, Any], feed_url: str) -> Article:
    authors = entry.get("authors") or [entry.get("author")]
    return Article(
        title=entry.get("title", ""),
        url=entry.get("link", ""),
        published=entry.get("published"),
        updated=entry.get("updated"),
        summary=entry.get("summary", ""),
        content=entry.get("content", ""),
        authors=[name for name in authors if name],
        guid=entry.get("guid", ""),
        tags=cast("list[str]", entry.get("tags", [])),
        enclosures=entry.get("enclosures", []),
        feed_title=entry.get("feed_title", ""),
        feed_url=feed_url,
        text=entry.get("text", ""),
    )
