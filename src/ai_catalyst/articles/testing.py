"""A web site on loopback for tests: feeds, pages and robots.txt, kind or not."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from aiohttp import web

from ai_catalyst.io.loopback import LoopbackServer

__all__ = ["Answer", "Site", "article_page", "rss_feed"]

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site says to one path.

    A plain one sends ``body`` as ``kind``. ``etag`` and ``last_modified`` are answered with 304
    when the client has them; ``encoding`` (``"gzip"``, ``"deflate"``) packs the body, ``packed``
    sends it as it is under that name (a lie, or a bomb made elsewhere); ``chunked`` gives no
    length; ``delay_s`` comes before the first byte, ``drip_s`` between the bytes; ``break_after``
    cuts the connection after so many bytes; ``hang`` never answers.
    """

    body: bytes | str = b""
    kind: str = HTML
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    last_modified: str | None = None
    encoding: str | None = None
    packed: bool = False
    chunked: bool = False
    delay_s: float = 0.0
    drip_s: float = 0.0
    break_after: int | None = None
    hang: bool = False

    @classmethod
    def redirect(cls, to: str, status: int = 302) -> Answer:
        """Return an answer that leads elsewhere."""
        return cls(status=status, headers={"Location": to})

    @property
    def data(self) -> bytes:
        """The bytes to send, packed as the headers say."""
        data = self.body.encode() if isinstance(self.body, str) else self.body
        if self.packed or self.encoding is None:
            return data
        return gzip.compress(data, 6, mtime=0) if self.encoding == "gzip" else zlib.compress(data)


Page = Answer | str | Callable[["Site", web.Request], Answer]


class Site(LoopbackServer):
    """A web site: paths and what each answers.

    ``async with Site(pages) as site`` runs it in this event loop, ``with Site(pages) as site`` in a
    thread of its own. A page is an `Answer`, HTML as text, or a function of the site and the
    request; it may be changed while the site runs. What is not there is a 404, robots.txt too
    unless it is given. ``asked`` counts requests by path, ``peak`` the most at once.
    """

    def __init__(self, pages: Mapping[str, Page] | None = None, *, delay_s: float = 0.0) -> None:
        """Take the pages by path; ``delay_s`` comes before every answer but that of robots.txt."""
        super().__init__()
        self.pages: dict[str, Page] = dict(pages or {})
        self.delay_s = delay_s
        self.asked: Counter[str] = Counter()
        self.times: list[tuple[float, str]] = []
        self.not_modified = self.in_flight = self.peak = 0

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def application(self) -> web.Application:
        """Return the one route there is."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._get)
        return app

    async def _get(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.asked[path] += 1
        self.times.append((asyncio.get_running_loop().time(), path))
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            found = self.pages.get(path)
            if found is None:
                return web.Response(status=404, text="not here")
            answer = found(self, request) if callable(found) else found
            if isinstance(answer, str):
                answer = Answer(answer)
            if path != "/robots.txt" and self.delay_s:
                await asyncio.sleep(self.delay_s)
            return await self._send(request, answer)
        finally:
            self.in_flight -= 1

    async def _send(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        if answer.hang:
            await asyncio.Event().wait()
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        headers = _headers(answer)
        if _is_known(request, answer):
            self.not_modified += 1
            return web.Response(status=304, headers=headers)
        data = answer.data  # catalyst: blocking(a server for tests, its pages are small)
        if not (answer.chunked or answer.drip_s or answer.break_after is not None):
            headers["Content-Type"] = answer.kind
            return web.Response(status=answer.status, body=data, headers=headers)
        return await self._send_slowly(request, answer, data, headers)

    async def _send_slowly(
        self, request: web.Request, answer: Answer, data: bytes, headers: dict[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            status=answer.status, headers={**headers, "Content-Type": answer.kind}
        )
        if answer.chunked:
            response.enable_chunked_encoding()
        else:
            response.content_length = len(data)
        await response.prepare(request)
        end = len(data) if answer.break_after is None else answer.break_after
        step = 1 if answer.drip_s else 1024
        for start in range(0, end, step):
            await response.write(data[start : min(start + step, end)])
            if answer.drip_s:
                await asyncio.sleep(answer.drip_s)
        if answer.break_after is not None:
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
        return response


def _headers(answer: Answer) -> dict[str, str]:
    headers = dict(answer.headers)
    if answer.encoding:
        headers["Content-Encoding"] = answer.encoding
    if answer.etag:
        headers["ETag"] = answer.etag
    if answer.last_modified:
        headers["Last-Modified"] = answer.last_modified
    return headers


def _is_known(request: web.Request, answer: Answer) -> bool:
    tag = request.headers.get("If-None-Match")
    if tag is not None:
        return tag == answer.etag
    since = request.headers.get("If-Modified-Since")
    return since is not None and since == answer.last_modified


def article_page(
    number: int, *, links: tuple[str, ...] = (), sentences: int = 12, head: str = ""
) -> str:
    """Return a web page with an article of its own, links in it, and menus around it."""
    seed = hashlib.sha256(str(number).encode()).hexdigest()
    told = [
        f"Observation {place} of article {number} names station {seed[place * 2 : place * 2 + 6]} "
        f"and reports that the water level changed by {(number * 7 + place * 3) % 40} millimetres "
        "while the keepers of the tide gauge wrote down wind, pressure and the hour."
        for place in range(sentences)
    ]
    paragraphs = "".join(f"<p>{' '.join(told[at : at + 3])}</p>" for at in range(0, sentences, 3))
    named = "".join(f'<p>See also <a href="{escape(link)}">this source</a>.</p>' for link in links)
    return (
        f'<!doctype html><html lang="en"><head><title>Article {number}: tides</title>{head}</head>'
        '<body><nav><a href="/">Home</a> <a href="/about">About</a></nav>'
        f"<article><h1>Article {number}: tides</h1>{paragraphs}{named}</article>"
        "<footer>Imprint and terms</footer></body></html>"
    )


def rss_feed(site: str, numbers: range | list[int], **item: Any) -> str:
    """Return an RSS 2.0 feed whose items lead to ``site/article/N``.

    ``item`` holds more elements of each item, as text or as a function of its number.
    """
    items = []
    for number in numbers:
        more = "".join(
            f"<{name}>{escape(str(value(number) if callable(value) else value))}</{name}>"
            for name, value in item.items()
        )
        items.append(
            f"<item><title>Article {number}: tides</title><link>{site}/article/{number}</link>"
            f"<guid>tides-{number}</guid><pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate>"
            f"{more}</item>"
        )
    return (
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>Tides</title>"
        f"<link>{site}/</link>{''.join(items)}</channel></rss>"
    )
