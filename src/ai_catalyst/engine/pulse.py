"""A loop's pulse: while it goes round, nobody needs to look.

A thread that wants the interpreter lock a hundred times a second slows a busy loop by several per
cent, because each time the loop waits for its system calls the lock changes hands, or fails to. So
the loop itself pushes a kernel timer back, as it comes out of its selector; only when it does not
come to that does the timer wake the watchdog. An idle loop is woken by nobody.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

from ai_catalyst.engine.clocks import ThreadClocks, parsed
from ai_catalyst.engine.stall import Look

__all__ = ["Pulse"]

_CLOCK_MONOTONIC = 1
_VIRTUAL_AFTER = 20


class Pulse:
    """Notes that ``loop`` goes round; `wait` returns when it has not for ``late_s``.

    A beat is noted when the last one is more than ``slack_s`` old. Make it and `start` it in the
    loop's thread. A standard loop on Linux tells by itself, each time its selector returns
    (``rests``): it is not woken for it, and while it is idle there is no beat. Any other loop is
    made to beat by a timer of its own, idle or not. ``count`` is how many beats were noted, `beat`
    tells of the last. ``waits`` tells whether `wait` works: the system must be Linux, and the
    loop's clock, where it is made to beat, the world's.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, late_s: float, slack_s: float) -> None:
        """Make the timer."""
        self.count = 0
        self.due = 0.0
        self._clocks = ThreadClocks()
        self._last = self._read(time.monotonic())
        self._slack_s = slack_s
        self._period_s = 0.8 * late_s
        self._hasty = 0
        self._loop = loop
        self._over = False
        self._timer = _Timer.make(late_s)
        self._rounds: _Rounds | None = None

    @property
    def rests(self) -> bool:
        """Whether an idle loop gives no beat."""
        return self._rounds is not None

    @property
    def waits(self) -> bool:
        """Whether `wait` may be called."""
        return self._timer is not None and self._hasty < _VIRTUAL_AFTER

    def start(self) -> None:
        """Begin to note."""
        if self._timer is not None:
            self._rounds = _Rounds.join(self._loop, self)
        if self._rounds is not None:
            self.note(time.monotonic())
        else:
            self._beat()

    def note(self, now: float) -> None:
        """Note that the loop goes round, and push the timer back."""
        self._last = self._read(now)
        self.count += 1
        self.due = now + self._slack_s
        if self._timer is not None and not self._over:
            self._timer.arm()

    def beat(self) -> Look:
        """Return the loop's thread as it was at the last beat."""
        return _look(*self._last)

    def now(self) -> Look:
        """Return the loop's thread, whose code calls this, as it is."""
        return _look(*self._read(time.monotonic()))

    def wait(self) -> None:
        """Wait, in another thread and without the interpreter lock, for a beat that is late."""
        if self._timer is not None:
            self._timer.wait()

    def stop(self) -> None:
        """Beat no more, and let go whoever waits."""
        self._end()
        if self._timer is not None:
            self._timer.fire()

    def forget(self) -> None:
        """Beat no more in a forked child; the timer is the parent's too, and left as it is."""
        self._end()
        self.close()

    def close(self) -> None:
        """Give the timer back, after `stop`."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.close()
        self._clocks.close()

    def _read(self, now: float) -> tuple[float, float, float, bytes]:
        return now, time.thread_time(), time.process_time(), self._clocks.raw_queue()

    def _end(self) -> None:
        self._over = True
        if self._rounds is not None:
            self._rounds.leave(self)

    def _beat(self) -> None:
        """Beat; each beat sees to the next."""
        if self._over:
            return
        now = time.monotonic()
        # A loop whose clock runs ahead of the world's (in tests) would do nothing but beat.
        self._hasty = self._hasty + 1 if self.count and now < self.due else 0
        self.note(now)
        if self._hasty < _VIRTUAL_AFTER:
            self._loop.call_later(self._period_s, self._beat)


def _look(at: float, cpu: float, process_cpu: float, queue: bytes) -> Look:
    waited, turns = parsed(queue)
    return Look(at, cpu=cpu, waited=waited, turns=turns, process_cpu=process_cpu)


class _Rounds:
    """Tells pulses when a selector has returned; all pulses of one loop share it.

    A function in the place of one selector's ``select`` costs a fifth of a microsecond a round. To
    be woken a hundred times a second by a timer would cost an idle loop a hundred times that.
    """

    def __init__(self, selector: Any) -> None:
        self._pulses: tuple[Pulse, ...] = ()
        self._selector = selector
        self._before = vars(selector).get("select")
        select, now = selector.select, time.monotonic

        def noting(timeout: float | None = None) -> Any:
            events = select(timeout)
            at = now()
            for pulse in self._pulses:
                if at >= pulse.due:
                    pulse.note(at)
            return events

        noting.rounds = self  # type: ignore[attr-defined]
        self._noting = noting
        selector.select = noting

    @classmethod
    def join(cls, loop: asyncio.AbstractEventLoop, pulse: Pulse) -> _Rounds | None:
        """Have a pulse told of a loop's rounds; None where the loop has no selector of Python's."""
        selector: object = getattr(loop, "_selector", None)
        if not isinstance(loop, asyncio.SelectorEventLoop) or not hasattr(selector, "__dict__"):
            return None
        there = getattr(vars(selector).get("select"), "rounds", None)
        rounds = there if isinstance(there, _Rounds) else cls(selector)
        rounds._pulses = (*rounds._pulses, pulse)
        return rounds

    def leave(self, pulse: Pulse) -> None:
        """Tell a pulse no more, and put the selector's own ``select`` back when nobody is left.

        Where somebody has put theirs around ours meanwhile, ours stays, and tells nobody.
        """
        self._pulses = tuple(one for one in self._pulses if one is not pulse)
        if self._pulses or vars(self._selector).get("select") is not self._noting:
            return
        if self._before is None:
            del self._selector.select
        else:
            self._selector.select = self._before


class _Timer:
    """A Linux timerfd that goes off so many seconds after it was last armed."""

    def __init__(self, library: Any, descriptor: int, seconds: float) -> None:
        self._descriptor = descriptor
        self._set = library.timerfd_settime
        self._span, self._at_once = _span(seconds), _span(1e-9)

    @classmethod
    def make(cls, seconds: float) -> _Timer | None:
        if sys.platform != "linux":
            return None
        import ctypes

        library = ctypes.PyDLL(None)
        library.timerfd_settime.argtypes = (
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_void_p,
        )
        descriptor: int = library.timerfd_create(_CLOCK_MONOTONIC, os.O_CLOEXEC)
        return cls(library, descriptor, seconds) if descriptor >= 0 else None

    def arm(self) -> None:
        self._set(self._descriptor, 0, self._span, None)

    def fire(self) -> None:
        self._set(self._descriptor, 0, self._at_once, None)

    def wait(self) -> None:
        os.read(self._descriptor, 8)

    def close(self) -> None:
        os.close(self._descriptor)


def _span(seconds: float) -> Any:
    """Return a ``struct itimerspec``: the interval (0: once) and the time to go, in s and ns."""
    import ctypes

    whole = int(seconds)
    return (ctypes.c_long * 4)(0, 0, whole, int((seconds - whole) * 1e9))
