"""The door to other people's servers: pooled, paced, guarded, bounded in time and in size."""

from __future__ import annotations

import asyncio
import dataclasses
import time
import weakref
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Self

import aiohttp
from multidict import CIMultiDict

from ai_catalyst.engine.retry import Retry
from ai_catalyst.io.address import (
    address_class,
    any_socket,
    literal_address,
    named_socket,
    public_socket,
)
from ai_catalyst.io.charset import sniff_charset
from ai_catalyst.io.decoding import ACCEPT_ENCODING
from ai_catalyst.io.failures import (
    AddressForbidden,
    ConnectionFailed,
    FetchError,
    FetchTimeout,
    HttpStatusError,
    TooManyRedirects,
    WrongContent,
    mapped,
    shown,
)
from ai_catalyst.io.hop import Allowed, Hop, bare, host_key, link_host, parse_url
from ai_catalyst.io.pace import MAX_PATIENCE_S, Pace
from ai_catalyst.io.resolver import Resolver
from ai_catalyst.io.response import Response, read_body, retry_after_s
from ai_catalyst.io.sessions import LoopSessions, warn_unclosed

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
    from types import TracebackType

    from aiohttp.abc import AbstractResolver
    from yarl import URL

    from ai_catalyst.io.address import AddressInfo, SocketFactory

    BeforeRedirect = Callable[[str, str], Awaitable[None]]

__all__ = ["HttpClient", "Response", "user_agent", "worth_another_try"]

REDIRECTS = frozenset({301, 302, 303, 307, 308})
WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
TEXTUAL = ("text/", "application/xhtml", "application/json")
IDLE_SOCKETS = 256
"""Open sockets beyond the connections in use; above it, connections are not kept."""


@cache
def user_agent() -> str:
    """Return the name we give ourselves: who we are, which version, where to read about us."""
    try:
        number = version("ai-catalyst")
    except PackageNotFoundError:
        number = "0"
    return f"AI-Catalyst/{number} (+https://github.com/ai-catalyst/ai-catalyst)"


def worth_another_try(error: Exception) -> bool:
    """Say whether a fetch that failed so may succeed when it is simply made again."""
    if isinstance(error, HttpStatusError):
        return error.status in WORTH_ANOTHER_TRY
    return isinstance(error, ConnectionFailed)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What one fetch may cost, and what it may bring."""

    max_bytes: int
    timeout_s: float
    accept: Collection[str]

    def admit(self, media_type: str) -> bool:
        kinds = self.accept
        return not kinds or media_type in kinds or f"{media_type.partition('/')[0]}/*" in kinds


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How a session is made; apart from the client, which no session may hold."""

    agent: str | None
    connect_timeout_s: float
    resolver: AbstractResolver | None
    sockets: weakref.WeakSet[socket.socket]

    def session(self, factory: SocketFactory) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # permits are given by the pace, where waiting costs no deadline
                ttl_dns_cache=60,
                resolver=self.resolver or Resolver(),
                socket_factory=partial(self._counted, factory),
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.connect_timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            max_line_size=65536,
            max_field_size=65536,
            headers={
                "User-Agent": self.agent or user_agent(),
                "Accept": "*/*",
                "Accept-Encoding": ACCEPT_ENCODING,
            },
        )

    def _counted(self, factory: SocketFactory, info: AddressInfo) -> socket.socket:
        made = factory(info)
        self.sockets.add(made)
        return made


class HttpClient:
    """Fetch pages of servers nobody vouches for.

    Pooled connections (one session per event loop), at most ``connections`` requests at once and
    ``per_host`` to one host, ``rps`` requests a second to each host with bursts of ``burst`` (no
    pacing when None). Only public addresses are dialled, whatever the URL, a redirect or a name
    says; a host in ``allow_hosts`` (``"intranet"`` or ``"intranet:8080"``) may be private, when the
    caller asks for it by that name: a link or redirect from another host never leads there.
    ``timeout_s`` bounds a whole attempt, redirects included, waiting for a permit not. Attempts are
    repeated by ``retry`` on 408, 425, 429, 5xx and broken connections. No proxy, no cookies kept.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 30.0,
        connect_timeout_s: float = 10.0,
        max_bytes: int = 20 * 2**20,
        connections: int = 100,
        per_host: int = 30,
        rps: float | None = None,
        burst: float = 5,
        allow_hosts: Iterable[str] = (),
        user_agent: str | None = None,
        guard: bool = True,
        retry: Retry | None = None,
        max_redirects: int = 5,
        min_bytes_per_s: float = 128.0,
        grace_s: float = 5.0,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """Set the limits; nothing is opened before the first ``get``.

        ``min_bytes_per_s`` is the slowest average borne after ``grace_s`` seconds; ``guard=False``
        lets every address be dialled (for a person's own servers, never for links).
        """
        self.timeout_s = timeout_s
        self.max_bytes = max_bytes
        self.max_redirects = max_redirects
        self.guard = guard
        self._slowest = (min_bytes_per_s, grace_s)
        self._allowed = Allowed(allow_hosts)
        self._retry = retry or Retry(deadline_s=MAX_PATIENCE_S, on=worth_another_try)
        self._pace = Pace(connections, per_host, rps, burst)
        self._most_sockets = connections + IDLE_SOCKETS
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        recipe = _Recipe(user_agent, connect_timeout_s, resolver, self._sockets)
        named = named_socket(self._allowed.hosts)
        # Two pools: a connection made to an allowed private host must not be found by a redirect.
        self._public = LoopSessions(partial(recipe.session, public_socket if guard else any_socket))
        self._named = LoopSessions(partial(recipe.session, named))
        self._closed = False

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        timeout_s: float | None = None,
        origin: str | None = None,
        accept: Collection[str] = (),
        etag: str | None = None,
        last_modified: str | None = None,
        before_redirect: BeforeRedirect | None = None,
    ) -> Response:
        """Fetch a URL; the answer is 2xx, or 304 when ``etag`` or ``last_modified`` still hold.

        ``origin`` is the URL of the page or feed that named this one, None when a person did: a
        link never leads to a private address of another host. ``accept`` lists the media types
        worth reading (``"text/html"``, ``"text/*"``); any when empty. ``before_redirect(to, from)``
        is awaited before a redirect is followed, and may raise. Raises `UnsafeAddress`,
        `FetchTimeout`, `TooLarge`, `TooManyRedirects`, `HttpStatusError` and other `FetchError`.
        """
        asked = CIMultiDict(headers or {})
        if etag:
            asked["If-None-Match"] = etag
        if last_modified:
            asked["If-Modified-Since"] = last_modified
        start = parse_url(url)
        named = start in self._allowed and (origin is None or link_host(origin) == start.host)
        bounds = _Bounds(
            self.max_bytes if max_bytes is None else max_bytes,
            self.timeout_s if timeout_s is None else timeout_s,
            accept,
        )
        return await self._retry.run(
            lambda: self._follow(Hop(start, asked.copy(), named), bounds, before_redirect)
        )

    async def _follow(self, hop: Hop, bounds: _Bounds, ask: BeforeRedirect | None) -> Response:
        """Walk a chain of redirects to its end; the time of every hop counts, that of waits not."""
        left = bounds.timeout_s
        seen = {hop.state}
        trail: list[tuple[int, str]] = []
        while True:
            self._refuse_number(hop)
            async with self._pace.turn(host_key(hop.url)):
                started = time.monotonic()
                answer = await self._ask(hop, bounds, left)
                left -= time.monotonic() - started
            if isinstance(answer, Response):
                return dataclasses.replace(answer, redirects=tuple(trail)) if trail else answer
            status, following = answer
            trail.append((status, bare(following.url)))
            if len(trail) > self.max_redirects or following.state in seen:
                raise TooManyRedirects(
                    f"{shown(hop.url)} redirects in a circle or more than {self.max_redirects}"
                    " times",
                    url=shown(hop.url),
                )
            seen.add(following.state)
            if ask is not None:
                await ask(bare(following.url), bare(hop.url))
            hop = following

    def _refuse_number(self, hop: Hop) -> None:
        """Refuse a number that is no public address, with its kind; the socket decides the rest."""
        ip = literal_address(hop.url.host or "")
        if ip is None or hop.named or not self.guard or (kind := address_class(ip)) == "public":
            return
        name = shown(hop.url)
        raise AddressForbidden(
            f"{name} leads to a {kind.replace('_', '-')} address; `--allow-host` allows it",
            url=name,
        )

    async def _ask(self, hop: Hop, bounds: _Bounds, left: float) -> Response | tuple[int, Hop]:
        """Make one request within ``left`` seconds; return its answer, or where it redirects to."""
        if self._closed:  # asked at each request: a retry must not open what close() has closed
            raise RuntimeError("the HTTP client is closed")
        sessions = self._named if hop.named else self._public
        headers = hop.sent_headers()
        if len(self._sockets) > self._most_sockets:
            headers["Connection"] = "close"
        session = sessions.current()
        try:
            async with (
                asyncio.timeout(left),
                session.get(hop.url, headers=headers, allow_redirects=False) as response,
            ):
                return await self._take(hop, response, bounds)
        except FetchError:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if type(error) is TimeoutError:
                late = f"{shown(hop.url)} took longer than {bounds.timeout_s} s"
                raise FetchTimeout(late, url=shown(hop.url)) from error
            raise mapped(error, hop.url) from error

    async def _take(
        self, hop: Hop, response: aiohttp.ClientResponse, bounds: _Bounds
    ) -> Response | tuple[int, Hop]:
        status = response.status
        if status in REDIRECTS and "Location" in response.headers:
            return status, hop.following(response, self._allowed)
        if status != 304 and not 200 <= status < 300:
            raise self._refused(hop.url, response)
        media_type, charset = _content_type(response)
        body = b""
        if status not in {204, 205, 304}:
            if media_type and not bounds.admit(media_type):
                name = shown(hop.url)
                raise WrongContent(f"{name} is {media_type}, which is not wanted here", url=name)
            body = await read_body(response, hop.url, bounds.max_bytes, *self._slowest)
        textual = not media_type or media_type.startswith(TEXTUAL) or "xml" in media_type
        return Response(
            bare(hop.url),
            status,
            CIMultiDict(response.headers),
            body,
            media_type or "application/octet-stream",
            sniff_charset(body, charset) if body and textual else None,
        )

    def _refused(self, url: URL, response: aiohttp.ClientResponse) -> HttpStatusError:
        wait = retry_after_s(response.headers)
        if wait and response.status in {429, 503}:
            self._pace.pause(host_key(url), wait)
        name = shown(url)
        return HttpStatusError(
            f"{name} answered {response.status}",
            url=name,
            status=response.status,
            retry_after_s=wait,
        )

    async def close(self) -> None:
        """Close every pooled connection, whatever loop it lives on."""
        self._closed = True
        await self._public.close()
        await self._named.close()

    async def __aenter__(self) -> Self:
        """Return the client; it opens connections when they are needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every pooled connection."""
        await self.close()

    def __del__(self) -> None:
        """Warn when it was dropped unclosed; its loops close the connections all the same."""
        if not getattr(self, "_closed", True) and (len(self._public) or len(self._named)):
            warn_unclosed(self)


def _content_type(response: aiohttp.ClientResponse) -> tuple[str, str | None]:
    """Return the media type and the charset a response declares."""
    kind, _, parameters = response.headers.get("Content-Type", "").lower().partition(";")
    _, found, charset = parameters.partition("charset=")
    return kind.strip(), charset.partition(";")[0].strip() if found else None
