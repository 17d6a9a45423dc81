"""How fast and how widely each host may be asked."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from itertools import islice

from ai_catalyst.engine import InFlight, RateLimit
from ai_catalyst.io.failures import HttpStatusError

__all__ = ["MAX_PATIENCE_S", "Pace"]

REMEMBERED = 4096
"""Hosts remembered; beyond that, those idle among the oldest are forgotten."""
LOOKED_AT = 64
MAX_PATIENCE_S = 60.0
"""The longest we wait because a server asked us to; beyond that the caller hears of it."""


class _Host:
    """What one host may be asked: at a rate, at once, and not before a moment it named."""

    __slots__ = ("in_flight", "name", "rate", "resume_at")

    def __init__(self, name: str, per_host: int, rps: float | None, burst: float) -> None:
        self.name = name
        self.in_flight = InFlight(per_host)
        self.rate = RateLimit(rps, burst) if rps else None
        self.resume_at = 0.0

    async def resumed(self) -> None:
        """Wait until the host may be asked again; a pause may be prolonged meanwhile."""
        while (wait := self.resume_at - time.monotonic()) > 0:
            if wait > MAX_PATIENCE_S:
                raise HttpStatusError(
                    f"{self.name} asked to be left alone for another {wait:.0f} s",
                    url=self.name,
                    status=429,
                    retry_after_s=wait,
                )
            await asyncio.sleep(wait)

    @property
    def idle(self) -> bool:
        return not (self.in_flight.in_flight or self.in_flight.waiting) and (
            self.resume_at < time.monotonic()
        )


class _Turn:
    """Holds the permits for one request."""

    __slots__ = ("_all", "_host")

    def __init__(self, host: _Host, everything: InFlight) -> None:
        self._host = host
        self._all = everything

    async def __aenter__(self) -> None:
        host = self._host
        await host.in_flight.acquire()
        try:
            # The host's own delays come first: a slow host must not sit on permits all share.
            await host.resumed()
            if host.rate is not None:
                await host.rate.acquire()
            await self._all.acquire()
        except BaseException:
            host.in_flight.release()
            raise

    async def __aexit__(self, *exc: object) -> None:
        self._all.release()
        self._host.in_flight.release()


class Pace:
    """Permits for requests: per host a rate and a number at once, and a number at once in all."""

    def __init__(self, connections: int, per_host: int, rps: float | None, burst: float) -> None:
        """Allow ``connections`` requests at once, ``per_host`` and ``rps`` a second to one host."""
        self._all = InFlight(connections)
        self._per_host = per_host
        self._rps = rps
        self._burst = burst
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    def turn(self, host: str) -> _Turn:
        """Return a permit to ask ``host``, to be held by ``async with``; never wait for two."""
        return _Turn(self._entry(host), self._all)

    def pause(self, host: str, seconds: float) -> None:
        """Ask ``host`` nothing for ``seconds``: it said so.

        Beyond a minute nobody waits: turns then fail with `HttpStatusError` until the time is over.
        """
        entry = self._entry(host)
        entry.resume_at = max(entry.resume_at, time.monotonic() + seconds)

    def _entry(self, host: str) -> _Host:
        entry = self._hosts.get(host)
        if entry is None:
            entry = self._hosts[host] = _Host(host, self._per_host, self._rps, self._burst)
            self._forget_idle()
        else:
            self._hosts.move_to_end(host)
        return entry

    def _forget_idle(self) -> None:
        if len(self._hosts) > REMEMBERED:
            oldest = islice(self._hosts.items(), LOOKED_AT)
            for host in [name for name, entry in oldest if entry.idle]:
                del self._hosts[host]
