"""A loop's heartbeat: while it beats, nobody needs to look.

A thread that wants the interpreter lock a hundred times a second slows a busy loop by several per
cent, because each time the loop waits for its system calls the lock changes hands, or fails to. So
the loop itself pushes a kernel timer back; only when it does not come to that does the timer wake
the watchdog.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

__all__ = ["Pulse"]

_CLOCK_MONOTONIC = 1
_VIRTUAL_AFTER = 20


class Pulse:
    """Beats every ``period_s`` in ``loop``; `wait` returns when a beat is a quarter of that late.

    Make it and `start` it in the loop's thread. ``at``, ``cpu`` and ``count`` tell of the last
    beat: when it was, the thread's processor time then, and how many there have been. ``waits``
    tells whether `wait` works: the system must be Linux, and the loop's clock the world's.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, period_s: float) -> None:
        """Make the timer."""
        self.at = time.monotonic()
        self.cpu = time.thread_time()
        self.count = 0
        self._period_s = period_s
        self._hasty = 0
        self._loop = loop
        self._over = False
        self._timer = _Timer.make()

    @property
    def waits(self) -> bool:
        """Whether `wait` may be called."""
        return self._timer is not None and self._hasty < _VIRTUAL_AFTER

    def start(self) -> None:
        """Beat for the first time; each beat sees to the next."""
        if self._over:
            return
        now = time.monotonic()
        # A loop whose clock runs ahead of the world's (in tests) would do nothing but beat.
        self._hasty = self._hasty + 1 if self.count and now - self.at < self._period_s / 4 else 0
        self.at, self.cpu = now, time.thread_time()
        self.count += 1
        if self._timer is not None:
            self._timer.arm(1.25 * self._period_s)
        if self._hasty < _VIRTUAL_AFTER:
            self._loop.call_later(self._period_s, self.start)

    def wait(self) -> None:
        """Wait, in another thread and without the interpreter lock, for a beat that is late."""
        if self._timer is not None:
            self._timer.wait()

    def stop(self) -> None:
        """Beat no more, and let go whoever waits."""
        self._over = True
        if self._timer is not None:
            self._timer.arm(1e-9)

    def close(self) -> None:
        """Give the timer back, after `stop`."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.close()


class _Timer:
    """A Linux timerfd."""

    def __init__(self, library: Any, descriptor: int) -> None:
        import ctypes

        self._descriptor = descriptor
        self._set = library.timerfd_settime
        # struct itimerspec: the interval (0: once) and the time to go, each in s and ns.
        self._span = (ctypes.c_long * 4)()

    @classmethod
    def make(cls) -> _Timer | None:
        if sys.platform != "linux":
            return None
        import ctypes

        library = ctypes.PyDLL(None)
        descriptor: int = library.timerfd_create(_CLOCK_MONOTONIC, os.O_CLOEXEC)
        return cls(library, descriptor) if descriptor >= 0 else None

    def arm(self, seconds: float) -> None:
        whole = int(seconds)
        self._span[2], self._span[3] = whole, int((seconds - whole) * 1e9)
        self._set(self._descriptor, 0, self._span, None)

    def wait(self) -> None:
        os.read(self._descriptor, 8)

    def close(self) -> None:
        os.close(self._descriptor)
