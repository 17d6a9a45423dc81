"""What uploads and downloads share: a session per loop, and a meter that notices a stall."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from ai_catalyst.io.failures import FetchTimeout, HttpStatusError, mapping, shown
from ai_catalyst.io.http import user_agent
from ai_catalyst.io.resolver import Resolver
from ai_catalyst.io.response import retry_after_s
from ai_catalyst.io.sessions import LoopSessions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from yarl import URL

__all__ = ["HOP", "Meter", "Progress", "check_status", "metered", "session"]

log = logging.getLogger(__name__)

HOP = 2 * 2**20
"""Bytes read from or written to a file per thread hop."""

Progress = Callable[[int, int | None], object]
"""Hears bytes done and bytes in all (None when unknown)."""


def _make_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, resolver=Resolver()),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"User-Agent": user_agent(), "Accept-Encoding": "identity"},
    )


_sessions = LoopSessions(_make_session)


def session() -> aiohttp.ClientSession:
    """Return the running loop's session for transfers; it ends with its loop."""
    return _sessions.current()


class Meter:
    """Counts bytes, tells the listener, and keeps a transfer alive only while it moves."""

    def __init__(self, listener: Progress | None, clock: asyncio.Timeout, stall_s: float) -> None:
        """Push ``clock`` back by ``stall_s`` seconds with every byte that moves."""
        self.total: int | None = None
        self.done = 0
        self._listener = listener
        self._clock = clock
        self._stall_s = stall_s

    def add(self, count: int) -> None:
        """Count bytes that moved."""
        self.done += count
        self._clock.reschedule(asyncio.get_running_loop().time() + self._stall_s)
        if self._listener is None:
            return
        try:
            self._listener(self.done, self.total)
        except Exception as error:  # noqa: BLE001 - a caller's callback may raise anything
            self._listener = None
            log.warning("progress callback raised %s and is not called again", type(error).__name__)


@asynccontextmanager
async def metered(url: URL, listener: Progress | None, stall_s: float) -> AsyncIterator[Meter]:
    """Give a transfer its meter; raises `FetchTimeout` when nothing moves for ``stall_s``."""
    try:
        async with asyncio.timeout(stall_s) as clock:
            with mapping(url):
                yield Meter(listener, clock, stall_s)
    except TimeoutError as error:
        if isinstance(error, FetchTimeout):
            raise
        name = shown(url)
        raise FetchTimeout(f"{name}: nothing moved for {stall_s} s", url=name) from error


def check_status(response: aiohttp.ClientResponse, url: URL, wanted: Collection[int]) -> None:
    """Raise `HttpStatusError` unless the status is one of those wanted."""
    if response.status not in wanted:
        raise HttpStatusError(
            f"{shown(url)} answered {response.status}",
            url=shown(url),
            status=response.status,
            retry_after_s=retry_after_s(response.headers),
        )
