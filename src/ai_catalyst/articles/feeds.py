"""`RSSParser`: a feed's address or file in, its articles out."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ai_catalyst.articles.feed_state import USUAL_S, FeedState, after_answer
from ai_catalyst.articles.hosts import allowed_hosts
from ai_catalyst.articles.model import Article
from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.feeds import Entry, Feed, parse_feed
from ai_catalyst.documents.feeds.entries import (
    enclosure,
    fullest,
    plain_title,
    web_link,
)
from ai_catalyst.documents.inflate import GZIP_MAGIC
from ai_catalyst.documents.opening import held
from ai_catalyst.documents.parsing import mapped
from ai_catalyst.engine.bridge import twin
from ai_catalyst.engine.workers import WorkerPool, shared_pool
from ai_catalyst.errors import FileError, FileTimeout, WorkerError, WorkerTimeout

if TYPE_CHECKING:
    from ai_catalyst.io.http import HttpClient
    from ai_catalyst.io.response import Response

__all__ = ["RSSParser", "article_of"]

MAX_BYTES = 64 * 2**20
TIMEOUT_S = 60.0
_TOGETHER = 200
"""Articles that a worker hands over in one message."""


class RSSParser:
    """Reads feeds: RSS 0.9x, 1.0 and 2.0, Atom, CDF, JSON Feed, broken ones too.

    URLs go through ``http``, or a client of our own that may reach the private ``allow_hosts`` and
    those of ``CATALYST_ALLOW_HOSTS``: one a call, or one for all within ``async with``.
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
        self._allow_hosts = allowed_hosts(allow_hosts)
        self._timeout_s = timeout_s

    async def parse_feed_async(self, url_or_path: str | os.PathLike[str]) -> list[Article]:
        """Return the articles of a feed, in its order. Raises `SourceError` with its name."""
        return await self.articles_of(await self._blob(os.fspath(url_or_path)))

    parse_feed = twin(parse_feed_async)

    async def read_feed_async(self, url_or_path: str | os.PathLike[str]) -> Feed:
        """Return all that a feed says, of itself and of its entries. Raises `SourceError`."""
        blob = await self._blob(os.fspath(url_or_path))
        try:
            return await self._workers.run(_feed, blob, timeout=self._timeout_s)
        except WorkerError as error:
            raise self._failed(error, blob.name) from error

    read_feed = twin(read_feed_async)

    async def visit(
        self, state: FeedState, now: float | None = None, *, usual_s: float = USUAL_S
    ) -> tuple[FeedState, list[Article] | None]:
        """Ask a feed whether it has changed; return its new state, and its articles if it has.

        ``now`` is in seconds since the epoch; a feed that does not say when to come back is due in
        ``usual_s``. Raises `SourceError` when there is no answer, or no feed in it:
        `after_failure` has the state then.
        """
        now = time.time() if now is None else now
        response = await self._fetch(state.url, state.etag, state.last_modified)
        digest = None if response.not_modified else hashlib.sha256(response.body).digest()
        if digest is None or digest == state.digest:
            return after_answer(state, now, response, digest, None, usual_s=usual_s), None
        blob = _blob_of(state.url, response)
        try:
            feed, articles = await self._workers.run(_visited, blob, timeout=self._timeout_s)
        except WorkerError as error:
            raise self._failed(error, blob.name) from error
        return after_answer(state, now, response, digest, feed, usual_s=usual_s), articles

    async def articles_of(self, blob: Blob) -> list[Article]:
        """Return the articles of a feed that was fetched. Raises `SourceError` with its name."""
        articles: list[Article] = []
        try:
            stream = self._workers.stream(_articles, blob, timeout=self._timeout_s)
            async with aclosing(stream) as batches:
                async for batch in batches:
                    articles += batch
        except WorkerError as error:
            raise self._failed(error, blob.name) from error
        return articles

    @property
    def _workers(self) -> WorkerPool:
        return self._pool or shared_pool()

    def _failed(self, error: WorkerError, name: str) -> FileError:
        if isinstance(error, WorkerTimeout):
            why = f"{name}: took longer than {self._timeout_s:g} s to read"
            return FileTimeout(why, path=name, kind="timeout")
        why = f"{name}: crashed the program that reads feeds, or took all its memory"
        return FileError(why, path=name, kind="crashed")

    async def _blob(self, name: str) -> Blob:
        if not name.lower().startswith(("http://", "https://")):
            return await asyncio.to_thread(_held, name)
        return _blob_of(name, await self._fetch(name))

    async def _fetch(
        self, url: str, etag: str | None = None, last_modified: str | None = None
    ) -> Response:
        http = self._http or self._own_http
        if http is not None:
            return await http.get(url, etag=etag, last_modified=last_modified)
        async with self._client() as http:
            return await http.get(url, etag=etag, last_modified=last_modified)

    def _client(self) -> HttpClient:
        from ai_catalyst.io.http import HttpClient

        return HttpClient(allow_hosts=self._allow_hosts)

    async def __aenter__(self) -> Self:
        """Keep one client for several feeds."""
        if self._http is None:
            self._own_http = self._client()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the client, if it is our own."""
        own, self._own_http = self._own_http, None
        if own is not None:
            await own.close()


def _blob_of(name: str, response: Response) -> Blob:
    return Blob(
        name,
        data=response.body,
        media_type=response.media_type,
        charset=response.charset,
        url=response.url,
    )


def _held(name: str) -> Blob:
    """Open a file; a compressed one is inflated when it is read."""
    blob = held(Blob(name, path=name))
    if blob.data is not None:
        blob.gzipped = blob.data.startswith(GZIP_MAGIC)
    elif blob.path is not None:
        with blob.open() as file:
            blob.gzipped = file.read(2).startswith(GZIP_MAGIC)
    return blob


def _feed(blob: Blob) -> Feed:
    """Parse a feed, in a worker."""
    try:
        data = blob.read(MAX_BYTES)
        return parse_feed(data, blob.charset, blob.url, media_type=blob.media_type)
    except Exception as error:
        raise mapped(error, blob.name) from error


def _articles(blob: Blob) -> Iterator[list[Article]]:
    """Parse a feed, in a worker; yield its articles, many a message."""
    feed = _feed(blob)
    url = blob.url or ""
    for start in range(0, len(feed.entries), _TOGETHER):
        some = feed.entries[start : start + _TOGETHER]
        yield [article_of(entry, feed, url) for entry in some]


def _visited(blob: Blob) -> tuple[Feed, list[Article]]:
    """Parse a feed, in a worker; return what it says of itself, and its articles."""
    feed = _feed(blob)
    articles = [article_of(entry, feed, blob.url or "") for entry in feed.entries]
    feed.entries = []
    return feed, articles


def article_of(entry: Entry, feed: Feed, feed_url: str = "") -> Article:
    """Return the article that an entry of a feed stands for."""
    people = entry.authors or feed.authors
    content = max((text.value for text in entry.content), key=len, default="")
    published = entry.published or entry.created or entry.updated
    return Article(
        title=plain_title(entry.title),
        url=web_link(entry),
        published=published.iso if published else None,
        updated=entry.updated.iso if entry.updated else None,
        summary=entry.summary.value if entry.summary else "",
        content=content,
        authors=list(dict.fromkeys(person.label for person in people if person.label)),
        guid=entry.id,
        tags=list(dict.fromkeys(tag.label or tag.term for tag in entry.tags)),
        language=entry.language or feed.language,
        enclosures=[enclosure(link) for link in entry.enclosures],
        feed_title=plain_title(feed.title),
        feed_url=feed_url,
        text=fullest(entry),
        comments=entry.comments,
        image=_picture(entry),
    )


def _picture(entry: Entry) -> str:
    """Return the address of a picture that an entry shows, if it has one."""
    if entry.image and entry.image.url:
        return entry.image.url
    for name in ("thumbnail", "content"):
        for one in entry.media.get(name, ()):
            kind = one.get("medium") or one.get("type") or "image"
            if one.get("url") and (name == "thumbnail" or kind.startswith("image")):
                return one["url"]
    pictures = (link.href for link in entry.enclosures if link.type.startswith("image/"))
    return next(pictures, "")
