"""``max_concurrent="auto"``: as many files at once as this machine bears."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from ai_catalyst.engine import AdaptiveLimit

__all__ = ["Gauge", "Load", "Watch", "auto_limit", "overloaded"]

MOST = 64
LOOK_EVERY_S = 0.5
_BUSY = 0.97
_LEAST_FREE = 0.10


@dataclass(frozen=True, slots=True)
class Load:
    """How much of the processors is in use, and how much memory is free: 0 to 1."""

    busy: float
    free: float


def overloaded(load: Load, limit: int, processors: int) -> bool:
    """Whether fewer files at once would be better.

    Little memory is always too little. Busy processors are what they are for, but no reason to have
    more than two files for each.
    """
    return load.free < _LEAST_FREE or (load.busy > _BUSY and limit > 2 * processors)


def auto_limit() -> AdaptiveLimit:
    """Return a limit that begins at two files a processor and finds its way."""
    return AdaptiveLimit(min(MOST, 2 * (os.cpu_count() or 1)), maximum=MOST)


class Watch:
    """Lowers a limit while the machine has too much to do, from `start` to `stop`."""

    def __init__(self, limit: AdaptiveLimit) -> None:
        """Watch for ``limit``."""
        self._limit = limit
        self._gauge = Gauge()
        self._processors = os.cpu_count() or 1
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look now and then, on the running loop."""
        self._next = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()

    def _look(self) -> None:
        if overloaded(self._gauge.look(), self._limit.limit, self._processors):
            self._limit.overloaded()
        self.start()


class Gauge:
    """Looks at the system's own files; where there are none, at its load average."""

    def __init__(self) -> None:
        """Begin to count."""
        self._last = _times()

    def look(self) -> Load:
        """Return the load since the last look."""
        before, now = self._last, _times()
        self._last = now
        if before is None or now is None:
            return Load(min(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), _free())
        total = now[0] - before[0]
        busy = 1.0 - (now[1] - before[1]) / total if total > 0 else 0.0
        return Load(busy, _free())


def _times() -> tuple[int, int] | None:
    """Return the processors' ticks in all, and those they were idle."""
    try:
        text = Path("/proc/stat").read_text("ascii")  # catalyst: blocking(no disk)
    except OSError:
        return None
    ticks = [int(each) for each in text.partition("\n")[0].split()[1:9]]
    return sum(ticks), ticks[3] + ticks[4]


def _free() -> float:
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()  # catalyst: blocking(no disk)
    except OSError:
        return 1.0
    kib = {key: int(rest.split()[0]) for key, _, rest in (line.partition(":") for line in lines)}
    return kib.get("MemAvailable", 1) / max(1, kib.get("MemTotal", 1))
