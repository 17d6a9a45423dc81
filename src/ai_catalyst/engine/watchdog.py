"""The thread that looks at an event loop's thread and notes which callback it is in."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TypeAlias

from ai_catalyst.engine.clocks import OtherThreads, ThreadClocks
from ai_catalyst.engine.pulse import Pulse
from ai_catalyst.engine.stall import Look, StallMeter
from ai_catalyst.engine.threads import start_soon

__all__ = ["Trace", "Watchdog"]

Trace: TypeAlias = tuple[tuple[CodeType, int], ...]
"""A stack as ``(code, line)``, innermost first."""

_RUN_ONCE: CodeType = asyncio.BaseEventLoop._run_once.__code__  # type: ignore[attr-defined]
_HANDLE_RUN: CodeType = asyncio.Handle._run.__code__
_TRACES = 64
_HANG_S = 1.0
_SELDOM = 4


class Watchdog:
    """Looks at what the loop's thread does while its pulse is late by half the threshold.

    It looks again when half of what is wanting to a stall is over. Where there is no pulse (another
    system, a loop not known yet) it looks all the time. ``waited_s`` is how long the loop's thread
    has been ready without a processor, since the start.
    ``on_stall(seconds, trace)`` is called when a stall is over, ``on_hang`` once while one lasts
    for more than a second; the trace is the stack seen most often meanwhile.
    """

    def __init__(
        self,
        threshold_s: float,
        loop: asyncio.AbstractEventLoop | None,
        on_stall: Callable[[float, Trace], None],
        on_hang: Callable[[float, Trace], None],
    ) -> None:
        """Find the loop's thread, and what runs its callbacks there."""
        self._period_s = max(0.001, threshold_s / 8)
        self._meter = StallMeter(threshold_s, self._period_s)
        self._on_stall = on_stall
        self._on_hang = on_hang
        self._traces: Counter[Trace] = Counter()
        self._mark: _Mark | None = None
        self._hang_told = False
        self._clocks: ThreadClocks | None = None
        self._own: ThreadClocks | None = None
        self._others: OtherThreads | None = None
        self._base: CodeType | None = None
        self._pulse: Pulse | None = None
        self._waited_s = self._waited_before = 0.0
        self._beats = 0
        self._due_s = self._period_s
        self._alive = False
        self._over = False
        self._looking = threading.RLock()  # a hook may ask
        self._stopping = threading.Lock()
        self._loop = loop
        self._follows = self._looks_out = False
        self._find_loop()

    def start(self) -> None:
        """Begin to look."""
        self._stopping.acquire()
        self._look(ours=True)
        self._traces.clear()
        _watching.add(self)
        start_soon(self._run, "loop-guard")

    def forget(self) -> None:
        """Be over, in a forked child: nobody looks there, and the timer is the parent's."""
        self._looking = threading.RLock()  # the old one may be held by a thread left behind
        self._over = True
        if self._pulse is not None:
            self._pulse.forget()

    def stop(self) -> None:
        """Stop looking; a stall that lasts up to now is over now."""
        if self._over:
            return
        self.waited_s  # noqa: B018 - read for the last time
        with self._looking:
            self._over = True
            if self._clocks is not None and self._clocks.thread_id == threading.get_ident():
                self._look(ours=True)
            if self._meter.standing >= self._meter.threshold_s:
                self._on_stall(self._meter.standing, self._commonest())
        self._stopping.release()
        if self._pulse is not None:
            self._pulse.stop()

    @property
    def waited_s(self) -> float:
        """What the system has counted until now, or until the end."""
        with self._looking:
            if self._clocks is not None and not self._over:
                self._waited_s = self._clocks.queued()[0] - self._waited_before
            return max(0.0, self._waited_s)

    def _find_loop(self) -> None:
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if self._loop is not None and self._loop is not running:
            self._loop.call_soon_threadsafe(self._introduce)
            return
        self._meet()
        self._base = _RUN_ONCE
        self._follows = running is None
        if running is not None:
            self._loop = running
            self._base = _loop_code(sys._getframe())
            self._feel()
            if self._base is None:
                running.call_soon(self._introduce)

    def _introduce(self) -> None:
        """Learn, from a callback of the loop, in which thread and beneath which code it runs."""
        caller = sys._getframe().f_back
        if caller is not None and caller.f_code is _HANDLE_RUN:
            caller = caller.f_back
        self._base = caller.f_code if caller is not None else None
        if self._clocks is None:
            self._meet()
        self._feel()

    def _meet(self) -> None:
        """Begin to count what this thread, the loop's, spends and waits for."""
        clocks = ThreadClocks()
        self._waited_before = clocks.queued()[0]
        self._clocks = clocks

    def _feel(self) -> None:
        """Take the pulse of the loop that runs in this thread."""
        if self._loop is not None and self._pulse is None and not self._over:
            self._pulse = Pulse(self._loop, self._meter.late_s, self._meter.slack_s)
            self._pulse.start()

    def _follow(self, runner: FrameType) -> None:
        """Get to know the loop that now runs in a thread where none ran when we began."""
        if self._loop is not None and not self._loop.is_closed():
            return
        loop = runner.f_locals.get("self")
        if isinstance(loop, asyncio.BaseEventLoop):
            self._loop = loop
            pulse, self._pulse = self._pulse, None
            if pulse is not None:
                pulse.stop()
                pulse.close()
            with contextlib.suppress(RuntimeError):  # it has been closed already
                loop.call_soon_threadsafe(self._feel)

    def _run(self) -> None:
        self._own = ThreadClocks()
        over = False
        while not over:
            with self._looking:
                if not self._over:
                    self._look()
            over = self._pause()
        for owned in (self._own, self._clocks, self._others, self._pulse):
            if owned is not None:
                owned.close()

    def _pause(self) -> bool:
        """Wait until there is something to look at; return whether it is over."""
        pulse = self._pulse
        if pulse is None or not pulse.waits or not (self._alive or self._rests(pulse)):
            # Half way to a stall is soon enough: the clocks tell what was between two looks.
            left = (self._meter.threshold_s - self._meter.standing) / 2
            self._due_s = max(left, self._period_s) if left > 0 else _SELDOM * self._period_s
            return self._stopping.acquire(timeout=self._due_s)
        self._due_s = self._meter.late_s
        pulse.wait()
        self._beats = pulse.count
        return self._stopping.acquire(blocking=False)

    def _rests(self, pulse: Pulse) -> bool:
        """Whether the loop is idle, and will tell by itself when it no longer is."""
        return pulse.rests and self._mark is None and not self._looks_out

    def _look(self, ours: bool = False) -> None:
        """Look once; with ``ours`` from the loop's thread, where the stack is the guard's own."""
        if self._clocks is None:
            return
        # Up to the mark's posting nothing gives up the interpreter lock: it is all one moment.
        runner, frame, trace = _stack(self._clocks.thread_id, self._base)
        self._looks_out = self._follows and runner is None
        if self._follows and runner is not None:
            self._follow(runner)
        old = self._mark
        same = frame is not None and old is not None and old.frame is frame
        if not same:
            self._mark = _Mark(frame, self._pulse) if frame is not None else None
        idle = frame is None and old is None
        first = not same and self._pulse is not None and self._pulse.rests and _is_first(runner)
        runner = frame = None  # the mark alone keeps it
        self._alive = self._pulse is not None and self._pulse.count != self._beats
        lasts = same or (old is not None and old.posted)
        look = self._glance(self._clocks) if idle else self._read(self._clocks, lasts, first)
        seconds = (
            self._meter.see(look)
            if same or old is None
            else self._meter.see(look, old.left, exact=old.exact)
        )
        if seconds is not None:
            self._on_stall(seconds, self._commonest())
        if not same:
            self._begin()
        self._post(same)
        if trace and len(self._traces) < (1 if ours else _TRACES):
            self._traces[trace] += 1
        self._tell_hang()

    def _glance(self, clocks: ThreadClocks) -> Look:
        """Read only what a callback seen next is judged by: the loop was idle, and still is."""
        waited, turns = clocks.queued()
        own = self._own.queued()[0] if self._own is not None else 0.0
        return Look(time.monotonic(), None, clocks.cpu(), waited, turns, own, due_s=self._due_s)

    def _read(self, clocks: ThreadClocks, closely: bool, first: bool) -> Look:
        """Read all clocks; ``closely`` those of the other threads too."""
        waited, turns = clocks.queued()
        own = self._own.queued()[0] if self._own is not None else 0.0
        if closely and self._others is None:
            ours = self._own.native_id if self._own is not None else 0
            self._others = OtherThreads({clocks.native_id, ours})
        return Look(
            at=time.monotonic(),
            callback=self._mark,
            cpu=clocks.cpu(),
            waited=waited,
            turns=turns,
            own_waited=own,
            others_waited=own + self._others.waited() if closely and self._others else None,
            process_cpu=time.process_time(),
            due_s=self._due_s,
            beat=self._pulse.beat() if self._pulse is not None else None,
            first=first,
        )

    def _begin(self) -> None:
        self._traces.clear()
        self._hang_told = False

    def _post(self, same: bool) -> None:
        """Ask the loop to tell when this callback is over.

        On the standard loop each callback has a frame of its own, which tells it from the next; so
        only the exact end is asked for, of a callback that lasts. Elsewhere the frame may be a
        coroutine's, the same at every step: there the mark must be in the queue from the start.
        """
        mark = self._mark
        lasts = same or self._meter.standing > self._period_s
        if mark is None or mark.posted or not (lasts or self._base is not _RUN_ONCE):
            return
        mark.posted = True
        mark.exact = not getattr(self._loop, "_ready", True)
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed
                self._loop.call_soon_threadsafe(mark)

    def _tell_hang(self) -> None:
        if self._meter.standing >= _HANG_S and not self._hang_told:
            self._hang_told = True
            self._on_hang(self._meter.standing, self._commonest())

    def _commonest(self) -> Trace:
        return self._traces.most_common(1)[0][0] if self._traces else ()


class _Mark:
    """Goes into the loop's queue while a callback runs, and so learns when it is over.

    ``exact`` says that it stands first in that queue. It also keeps the callback's frame, so that
    the frame is let go in the loop's own thread.
    """

    __slots__ = ("_pulse", "exact", "frame", "left", "posted")

    def __init__(self, frame: FrameType, pulse: Pulse | None) -> None:
        self.frame: FrameType | None = frame
        self.left: Look | None = None
        self.posted = self.exact = False
        self._pulse = pulse

    def __call__(self) -> None:
        self.left = self._pulse.now() if self._pulse is not None else Look(time.monotonic())
        self.exact = self.exact and self._pulse is not None
        self.frame = None


def _loop_code(frame: FrameType | None) -> CodeType | None:
    """Find what runs the loop beneath us; a loop written in C is called by whoever started it."""
    task = asyncio.current_task()
    step: FrameType | None = getattr(task.get_coro(), "cr_frame", None) if task else None
    while frame is not None:
        if frame.f_code is _RUN_ONCE:
            return _RUN_ONCE
        caller = frame.f_back
        if frame is step and (caller is None or caller.f_code is not _HANDLE_RUN):
            return caller.f_code if caller is not None else None
        frame = caller
    return None


def _is_first(runner: FrameType | None) -> bool:
    """Whether the callback that a standard loop runs is the first one of its round."""
    return runner is not None and runner.f_locals.get("i") == 0


def _stack(
    thread_id: int, base: CodeType | None
) -> tuple[FrameType | None, FrameType | None, Trace]:
    """Return what runs the loop in a thread, the outermost frame of its callback, and the stack."""
    frame = sys._current_frames().get(thread_id)
    outer: FrameType | None = None
    trace: list[tuple[CodeType, int]] = []
    while frame is not None and frame.f_code is not base:
        trace.append((frame.f_code, frame.f_lineno or 0))
        outer, frame = frame, frame.f_back
    if frame is None or outer is None or (base is _RUN_ONCE and outer.f_code is not _HANDLE_RUN):
        return frame, None, ()
    return frame, outer, tuple(entry for entry in trace if _tells(entry[0]))


def _tells(code: CodeType) -> bool:
    """Whether a frame says anything about the stall: the loop's own and the guard's do not."""
    return code is not _HANDLE_RUN and code.co_filename not in _OURS


_OURS = frozenset({__file__, __file__.replace("watchdog", "guard")})


_watching: weakref.WeakSet[Watchdog] = weakref.WeakSet()


def _forget() -> None:
    for watchdog in list(_watching):
        watchdog.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
