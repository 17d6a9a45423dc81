"""Watching: round after round, no sooner than the feeds want it, whatever goes wrong in one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from ai_catalyst.articles.watch_visits import Visits
from ai_catalyst.errors import CatalystError, UserError

__all__ = ["Watcher", "next_round"]

LEAST_S = 1.0
"""Between the end of a round and the next, however long it took: others want the machine too."""


def next_round(
    started: float, now: float, every_s: float, due: float | None, *, others: bool
) -> float:
    """Return when the next round begins, in seconds since the epoch.

    ``every_s`` after the last one ``started``, or when the first feed is ``due`` if that is later
    and there is nothing but feeds to look at (``others`` are read each time).
    """
    planned = started + every_s
    if due is not None and not others:
        planned = max(planned, due)
    return max(planned, now + LEAST_S)


class Reads(Protocol):
    """Reads all sources and writes the reports; returns the exit code of that."""

    async def __call__(self, number: int, visits: Visits) -> int:
        """Take the number of the round, from 1, and what is known of the feeds."""
        ...


class Watcher:
    """Visits feeds and reads what is new, until it is cancelled.

    A round reads when a feed has changed, when there are sources that only reading can tell about,
    or when something failed in the round before; the first one always. An error ends its round and
    not the watch, except that wrong use (`UserError`) in the first round is raised.
    """

    def __init__(
        self,
        visit: Callable[[float], Awaitable[Visits]],
        read: Reads,
        *,
        every_s: float,
        others: bool = False,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take what a round does; ``clock`` tells seconds since the epoch."""
        self._visit = visit
        self._read = read
        self._every_s = every_s
        self._others = others
        self._say = say
        self._clock = clock
        self._sleep = sleep
        self._failed = False

    async def go(self, *, once: bool = False) -> int:
        """Do rounds for ever, or one; returns the exit code of that one."""
        number = 1
        while True:
            started = self._clock()
            visits, code = await self._round(number, started)
            if once:
                return code
            self._failed = code != 0
            others = self._others or bool(visits.others) or self._failed
            wake = next_round(started, self._clock(), self._every_s, visits.due, others=others)
            self._say(f"next round at {_clock_time(wake)} (stop it with Ctrl-C)")
            while (wait := wake - self._clock()) > 0:  # a machine that slept has its own idea of it
                await self._sleep(min(wait, 3600.0))
            number += 1

    async def _round(self, number: int, now: float) -> tuple[Visits, int]:
        visits = Visits()
        try:
            visits = await self._visit(now)
            for url, reason in visits.failed:
                self._say(f"  ✗ {url}: {reason}")
            if self._wanted(number, visits):
                return visits, await self._read(number, visits)
            asked = len(visits.same) + len(visits.failed)
            self._say(f"round {number}: {asked} of the feeds were due, nothing new")
            return visits, 1 if visits.failed else 0
        except (CatalystError, OSError) as error:
            if number == 1 and isinstance(error, UserError):
                raise
            self._say(f"round {number} failed: {error}; the next one tries again")
        return visits, 1

    def _wanted(self, number: int, visits: Visits) -> bool:
        again = self._others or bool(visits.others) or self._failed
        return number == 1 or bool(visits.new) or again


def _clock_time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
