"""robots.txt: what a host asks programs to leave alone, and how often it wants to be asked."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from ai_catalyst.engine import RateLimit, SingleFlight
from ai_catalyst.errors import SourceError, UnsafeAddress
from ai_catalyst.io.failures import (
    BadUrl,
    FetchError,
    HttpStatusError,
    TooLarge,
    TooManyRedirects,
    WrongContent,
)
from ai_catalyst.io.http import user_agent

if TYPE_CHECKING:
    from protego import Protego

    from ai_catalyst.io.response import Response

__all__ = ["Robots", "RobotsDisallowed", "RobotsUnknown", "Rules"]

KEPT_S = 3600.0
UNKNOWN_S = 60.0
"""How long a host is left alone whose robots.txt could not be had."""
REMEMBERED = 2048
MAX_BYTES = 512 * 1024
"""RFC 9309 wants at least 500 KiB to be read."""
INLINE_BYTES = 8192
LONGEST_DELAY_S = 30.0
"""A crawl delay beyond this is taken as this: who asks for more is asked a few pages at most."""
_NO_RULES = (TooLarge, WrongContent, TooManyRedirects, BadUrl)


class RobotsDisallowed(SourceError):
    """Raised when a host's robots.txt asks programs not to read a page."""


class RobotsUnknown(SourceError):
    """Raised when a host's robots.txt could not be had, so that nothing may be read there now."""


class Gets(Protocol):
    """What is needed of an `HttpClient`."""

    async def get(
        self, url: str, *, max_bytes: int | None = None, origin: str | None = None
    ) -> Response:
        """Fetch a URL."""
        ...


@dataclass(slots=True)
class Rules:
    """What one host says; ``parsed`` is None when everything may be read."""

    parsed: Protego | None = None
    error: SourceError | None = None
    until: float = 0.0
    pace: RateLimit | None = None

    def allow(self, url: str, agent: str) -> bool:
        """Say whether a page may be read."""
        return self.parsed is None or bool(self.parsed.can_fetch(url, agent))


class Robots:
    """Asks each host once an hour for its rules, and keeps to them (RFC 9309).

    A host without rules (4xx) may be read; one that cannot say (5xx, no answer) may not for a
    minute, after the retries of ``http``. A crawl delay is kept, up to 30 s.
    """

    def __init__(self, http: Gets, *, agent: str | None = None) -> None:
        """Fetch through ``http``; ``agent`` is the name rules are looked up by."""
        self._http = http
        self._agent = agent or user_agent()
        self._hosts: OrderedDict[str, Rules] = OrderedDict()
        self._flight: SingleFlight[Rules] = SingleFlight()

    async def admit(self, url: str, origin: str | None = None) -> None:
        """Wait until ``url`` may be read.

        Raises `RobotsDisallowed`, `RobotsUnknown`, or what says that the host cannot be reached.
        """
        place = urlsplit(url)
        host = f"{place.scheme.lower()}://{place.netloc.rpartition('@')[2].lower()}"
        rules = self._hosts.get(host)
        if rules is None or rules.until < time.monotonic():
            own = origin is None or urlsplit(origin).hostname == place.hostname  # may be private
            rules = await self._flight.do((host, own), lambda: self._ask(host, origin))
        if rules.error is not None:
            raise rules.error.with_traceback(None)  # it is raised many times
        if not rules.allow(url, self._agent):
            raise RobotsDisallowed(f"{_shown(url)}: robots.txt of {host} asks not to read it")
        if rules.pace is not None:
            await rules.pace.acquire()

    async def _ask(self, host: str, origin: str | None) -> Rules:
        """Fetch the rules; only a refused address says nothing about the host itself."""
        try:
            rules = await self._fetch(host, origin)
        except UnsafeAddress:
            raise
        except SourceError as error:
            rules = Rules(error=error, until=time.monotonic() + UNKNOWN_S)
        self._hosts[host] = rules
        self._hosts.move_to_end(host)
        while len(self._hosts) > REMEMBERED:
            self._hosts.popitem(last=False)
        return rules

    async def _fetch(self, host: str, origin: str | None) -> Rules:
        try:
            response = await self._http.get(
                f"{host}/robots.txt", max_bytes=MAX_BYTES, origin=origin
            )
        except HttpStatusError as error:
            if 400 <= error.status < 500 and error.status != 429:
                return Rules(until=time.monotonic() + KEPT_S)
            raise RobotsUnknown(
                f"{host} could not say what may be read ({error}); try again later"
            ) from error
        except _NO_RULES as error:
            if isinstance(error, UnsafeAddress):
                raise
            return Rules(until=time.monotonic() + KEPT_S)
        except FetchError:
            raise  # the host itself cannot be reached, which is what the reader must hear
        text = response.body.decode("utf-8", "replace")
        if len(text) <= INLINE_BYTES:
            return self._read(text)
        return await asyncio.to_thread(self._read, text)

    def _read(self, text: str) -> Rules:
        from protego import Protego

        parsed = Protego.parse(text)
        delay = parsed.crawl_delay(self._agent)
        pace = RateLimit(1 / min(float(delay), LONGEST_DELAY_S)) if delay else None
        return Rules(parsed, until=time.monotonic() + KEPT_S, pace=pace)


def _shown(url: str) -> str:
    return url.partition("#")[0][:300]
