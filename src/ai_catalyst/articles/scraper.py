"""The scraper: web pages read politely, safely and within bounds."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import msgspec

from ai_catalyst.articles.documents import page_of_document
from ai_catalyst.articles.extraction import extract_page_async
from ai_catalyst.articles.hosts import allowed_hosts
from ai_catalyst.articles.model import Page
from ai_catalyst.articles.robots import Robots
from ai_catalyst.engine import SingleFlight, run_sync
from ai_catalyst.io.http import HttpClient
from ai_catalyst.store.article_rows import identity_of

if TYPE_CHECKING:
    from ai_catalyst.engine import WorkerPool
    from ai_catalyst.io.response import Response
    from ai_catalyst.store import Cache

__all__ = ["AsyncWebScraper", "WebScraper"]

READABLE = (
    "text/*",
    "application/xhtml+xml",
    "application/xml",
    "application/pdf",
    "application/x-pdf",
    "application/json",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/octet-stream",
)
"""What is worth reading behind a link; pictures, films and archives are refused unread."""
PER_HOST = 8
KIND = "scraped"
VERSION = 1
"""Raised when what is made of a page changes; part of the cache key."""


class _Kept(msgspec.Struct, frozen=True):
    """A page as the cache keeps it, with what a conditional request needs."""

    page: Page
    etag: str | None = None
    last_modified: str | None = None


class AsyncWebScraper:
    """Reads web pages: one pooled session, paced per host, as robots.txt asks.

    Only public addresses are dialled, whatever a URL, a redirect or a name says; hosts in
    ``allow_hosts``, or in ``CATALYST_ALLOW_HOSTS``, may be private when they are asked for by that
    name, never through a link or redirect from another host. ``rps`` and ``burst`` pace each host
    (no pacing when ``rps`` is None), ``per_host`` and ``connections`` bound requests at once;
    ``timeout_s`` bounds an attempt as a whole. With a ``cache``, pages are kept as its kind
    ``"scraped"``. ``http`` is a client to use instead, which stays the caller's to close.

    Use it with ``async with``, or call `close`.
    """

    def __init__(
        self,
        *,
        allow_hosts: Iterable[str] = (),
        rps: float | None = 10.0,
        burst: float = 5,
        timeout_s: float = 30.0,
        per_host: int = PER_HOST,
        connections: int = 100,
        max_bytes: int = 20 * 2**20,
        robots: bool = True,
        cache: Cache | None = None,
        http: HttpClient | None = None,
        pool: WorkerPool | None = None,
    ) -> None:
        """Set the limits; nothing is opened before the first page."""
        self._http = http or HttpClient(
            timeout_s=timeout_s,
            rps=rps,
            burst=burst,
            per_host=per_host,
            connections=connections,
            max_bytes=max_bytes,
            allow_hosts=allowed_hosts(allow_hosts),
        )
        self._owned = http is None
        self._robots = Robots(self._http) if robots else None
        self._cache = cache
        self._pool = pool
        self._timeout_s = timeout_s
        self._flight: SingleFlight[Page] = SingleFlight()
        self.pages = 0
        self.unchanged = 0

    async def fetch(
        self,
        url: str,
        *,
        origin: str | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: Collection[str] = READABLE,
        robots: bool = True,
    ) -> Response:
        """Fetch a URL without reading what came; ``origin`` is the page or feed that linked to it.

        ``accept`` lists the media types worth having; ``robots=False`` is for feeds, which are
        there for programs. Raises `RobotsDisallowed`, `RobotsUnknown`, `UnsafeAddress`,
        `FetchTimeout`, `TooLarge`, `TooManyRedirects`, `HttpStatusError` and other `FetchError`.
        """
        rules = self._robots if robots else None
        if rules is not None:
            await rules.admit(url, origin)
        response = await self._http.get(
            url,
            origin=origin,
            accept=accept,
            etag=etag,
            last_modified=last_modified,
            before_redirect=None if rules is None else rules.admit,
        )
        if response.not_modified:
            self.unchanged += 1
        else:
            self.pages += 1
        return response

    async def fetch_content(
        self, url: str, *, origin: str | None = None, refresh: bool = False
    ) -> Page:
        """Return the article on a page, or the text of the document behind a link.

        A page in the cache is not fetched again; with ``refresh`` the server is asked whether it
        has changed. Raises as `fetch`, and `FileError` when there is nothing to read on the page.
        """
        key = _key(url, origin)
        return await self._flight.do((key, refresh), lambda: self._read(url, origin, key, refresh))

    async def kept_page(self, url: str, origin: str | None = None) -> Page | None:
        """Return a page from the cache, None when it is not there; ``origin`` as for `fetch`."""
        kept = await self._kept(_key(url, origin))
        return kept.page if kept is not None else None

    async def page_of(self, response: Response, url: str, *, origin: str | None = None) -> Page:
        """Return, and keep, what a fetched answer to ``url`` says. Raises `FileError`."""
        page = await self._page(response)
        await self._keep(_key(url, origin), _Kept(page, response.etag, response.last_modified))
        return page

    async def _read(self, url: str, origin: str | None, key: str, refresh: bool) -> Page:
        kept = await self._kept(key)
        if kept is not None and not refresh:
            return kept.page
        known = kept or _Kept(Page(""))
        response = await self.fetch(
            url, origin=origin, etag=known.etag, last_modified=known.last_modified
        )
        if response.not_modified and kept is not None:
            await self._keep(key, kept)
            return kept.page
        return await self.page_of(response, url, origin=origin)

    async def _page(self, response: Response) -> Page:
        if response.media_type in {"text/html", "application/xhtml+xml"}:
            page = await extract_page_async(
                response.body,
                response.url,
                charset=response.charset,
                pool=self._pool,
                timeout_s=self._timeout_s,
            )
            return page if page.url else replace(page, url=response.url)
        return await page_of_document(response, pool=self._pool, timeout_s=self._timeout_s)

    async def _kept(self, key: str) -> _Kept | None:
        found: Any = None
        if self._cache is not None:
            found = await self._cache.get(KIND, key, _Kept)
        return found if isinstance(found, _Kept) else None

    async def _keep(self, key: str, kept: _Kept) -> None:
        if self._cache is not None:
            await self._cache.set(KIND, key, kept)

    async def close(self) -> None:
        """Close every pooled connection."""
        if self._owned:
            await self._http.close()

    async def __aenter__(self) -> Self:
        """Return the scraper; it opens connections when they are needed."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close every pooled connection."""
        await self.close()


class WebScraper:
    """The sync form of `AsyncWebScraper`: the same arguments, the same methods."""

    def __init__(self, **options: Any) -> None:
        """Take what `AsyncWebScraper` takes."""
        self._scraper = AsyncWebScraper(**options)

    def fetch(
        self,
        url: str,
        *,
        origin: str | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: Collection[str] = READABLE,
        robots: bool = True,
    ) -> Response:
        """Sync twin of `AsyncWebScraper.fetch`."""
        return run_sync(
            self._scraper.fetch(
                url,
                origin=origin,
                etag=etag,
                last_modified=last_modified,
                accept=accept,
                robots=robots,
            )
        )

    def fetch_content(self, url: str, *, origin: str | None = None, refresh: bool = False) -> Page:
        """Sync twin of `AsyncWebScraper.fetch_content`."""
        return run_sync(self._scraper.fetch_content(url, origin=origin, refresh=refresh))

    def close(self) -> None:
        """Close every pooled connection."""
        run_sync(self._scraper.close())

    def __enter__(self) -> Self:
        """Return the scraper."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close every pooled connection."""
        self.close()


def _key(url: str, origin: str | None) -> str:
    """Return what a page is kept under: a person may see what a link from elsewhere may not."""
    own = origin is None or urlsplit(origin).hostname == urlsplit(url).hostname
    return f"{VERSION}:{'' if own else 'link:'}{identity_of(url, '', '', '')}"
