"""A watchdog that says where the event loop stands, while it stands."""

from __future__ import annotations

import asyncio
import contextlib
import linecache
import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from traceback import FrameSummary, format_list
from types import CodeType, FrameType, TracebackType
from typing import Self, TypeAlias

from ai_catalyst.engine.stall import Look, Stall, StallMeter

__all__ = ["LoopGuard", "Stall"]

log = logging.getLogger("ai_catalyst.guard")

Explain: TypeAlias = Callable[[list[FrameSummary]], str | None]
Trace: TypeAlias = tuple[tuple[CodeType, int], ...]

_RUN_ONCE: CodeType = asyncio.BaseEventLoop._run_once.__code__  # type: ignore[attr-defined]
_HANDLE_RUN: CodeType = asyncio.Handle._run.__code__
_KEPT = 100
_TRACES = 64
_HANG_S = 1.0


class LoopGuard:
    """Watch an event loop and keep each stall with the stack that caused it.

    A stall is the loop's thread busy or blocked in one callback for ``threshold_s`` seconds or
    more; waiting for a processor on a busy machine is none. Lengths are lower bounds, at most
    two fifths of the threshold short. Use it inside the running loop (``with`` or ``async with``),
    or hand it a ``loop`` from any thread; entered where no loop runs, it watches the standard
    asyncio loop that this thread runs next.

    ``stalls`` holds the last 100 as ``(seconds, stack text)``; ``count``, ``total_s`` and
    ``longest_s`` are for metrics. ``explain`` gets the frames, outermost first, and may return a
    line of advice that joins the text. ``on_stall`` is called with each `Stall` when it is over, in
    the watchdog's thread. A warning is logged at most every ``log_every_s`` seconds (None: never);
    a loop that stands for a second is logged while it stands.
    """

    def __init__(
        self,
        threshold_s: float = 0.05,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
        explain: Explain | None = None,
        on_stall: Callable[[Stall], object] | None = None,
        log_every_s: float | None = 10.0,
    ) -> None:
        """Set the terms; nothing runs before the guard is entered."""
        if not threshold_s > 0:
            raise ValueError(f"threshold_s must be above 0, not {threshold_s}")
        self.threshold_s = threshold_s
        self.stalls: list[Stall] = []
        self.count = 0
        self.total_s = 0.0
        self.longest_s = 0.0
        self._loop = loop
        self._explain = explain
        self._on_stall = on_stall
        self._log_every_s = log_every_s
        self._logged_at = float("-inf")
        self._unlogged = 0
        self._watch: _Watch | None = None

    def __enter__(self) -> Self:
        """Begin to watch."""
        if self._watch is not None:
            raise RuntimeError("this LoopGuard is already watching")
        self._watch = _Watch(self, self._loop)
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching; a stall that reaches up to this moment is counted too."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.stop()

    async def __aenter__(self) -> Self:
        """Begin to watch the running loop."""
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching."""
        self.__exit__(kind, error, trace)

    def _note(self, seconds: float, trace: Trace) -> None:
        stall = Stall(seconds, self._describe(trace))
        self.count += 1
        self.total_s += seconds
        self.longest_s = max(self.longest_s, seconds)
        self.stalls.append(stall)
        del self.stalls[:-_KEPT]
        self._report("the event loop stood for", stall)
        if self._on_stall is not None:
            try:
                self._on_stall(stall)
            except Exception as error:  # noqa: BLE001 - a caller's hook may raise anything
                log.warning("on_stall raised %s", type(error).__name__)

    def _report(self, what: str, stall: Stall) -> None:
        now = time.monotonic()
        if self._log_every_s is None or now - self._logged_at < self._log_every_s:
            self._unlogged += 1
            return
        more = f" ({self._unlogged} more since the last report)" if self._unlogged else ""
        log.warning("%s %.0f ms%s\n%s", what, stall.seconds * 1000, more, stall.stack)
        self._logged_at, self._unlogged = now, 0

    def _describe(self, trace: Trace) -> str:
        frames = [_summary(code, line) for code, line in reversed(trace)]
        text = "".join(format_list(frames)).rstrip() or "  (in code called by the loop itself)"
        advice = None
        if self._explain is not None:
            with contextlib.suppress(Exception):
                advice = self._explain(frames)
        return f"{text}\n  → {advice}" if advice else text


class _Mark:
    """Goes into the loop's queue while a callback runs, and so learns when it is over.

    It also keeps the callback's frame, so that the frame is let go in the loop's own thread.
    """

    __slots__ = ("at", "frame")

    def __init__(self, frame: FrameType) -> None:
        self.frame: FrameType | None = frame
        self.at: float | None = None

    def __call__(self) -> None:
        self.at = time.monotonic()
        self.frame = None


class _Watch:
    """One guard's thread: looks at the loop's thread every fifth of the threshold."""

    def __init__(self, guard: LoopGuard, loop: asyncio.AbstractEventLoop | None) -> None:
        self._guard = guard
        self._period_s = max(0.001, guard.threshold_s / 5)
        self._meter = StallMeter(guard.threshold_s, self._period_s)
        self._traces: Counter[Trace] = Counter()
        self._mark: _Mark | None = None
        self._hang_told = False
        self._base: CodeType | None = _RUN_ONCE
        self._clocks: _Clocks | None = None
        self._own: _Clocks | None = None
        self._stopping = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="loop-guard", daemon=True)
        self._loop = loop
        self._find_loop()

    def _find_loop(self) -> None:
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if self._loop is None or self._loop is running:
            self._loop = running
            self._clocks = _Clocks()
            self._base = _loop_code(sys._getframe()) if running else _RUN_ONCE
        if self._base is None or self._clocks is None:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(self._introduce)

    def _introduce(self) -> None:
        """Learn, from a callback of the loop, in which thread and beneath which frame it runs."""
        caller = sys._getframe().f_back
        if caller is not None and caller.f_code is _HANDLE_RUN:
            caller = caller.f_back
        self._base = caller.f_code if caller is not None else None
        if self._clocks is None:
            self._clocks = _Clocks()

    def start(self) -> None:
        self._stopping.acquire()
        self._look()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.release()
        self._thread.join()
        if self._clocks is not None and self._clocks.thread_id == threading.get_ident():
            self._look()
        if self._meter.standing >= self._meter.threshold_s:
            self._end(self._meter.standing)
        for clocks in (self._clocks, self._own):
            if clocks is not None:
                clocks.close()

    def _run(self) -> None:
        self._own = _Clocks()
        while not self._stopping.acquire(timeout=self._period_s):
            self._look()

    def _look(self) -> None:
        clocks, own, mark = self._clocks, self._own, self._mark
        if clocks is None:
            return
        frame, trace = _callback(clocks.thread_id, self._base)
        at, cpu, process_cpu = time.monotonic(), clocks.cpu(), time.process_time()
        left_at = mark.at if mark is not None else None
        same = frame is not None and mark is not None and mark.frame is frame
        if not same:
            self._mark = mark = self._post(frame)
        frame = None  # the mark alone keeps it
        own_waited = own.waited() if own is not None else 0.0
        look = Look(at, mark, cpu, clocks.waited(), own_waited, process_cpu)
        if (seconds := self._meter.see(look, None if same else left_at)) is not None:
            self._end(seconds)
        if not same:
            self._traces.clear()
            self._hang_told = False
        if trace and len(self._traces) < _TRACES:
            self._traces[trace] += 1
        self._tell_hang()

    def _post(self, frame: FrameType | None) -> _Mark | None:
        if frame is None:
            return None
        mark = _Mark(frame)
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed
                self._loop.call_soon_threadsafe(mark)
        return mark

    def _end(self, seconds: float) -> None:
        self._guard._note(seconds, self._commonest())

    def _tell_hang(self) -> None:
        if self._meter.standing < _HANG_S or self._hang_told:
            return
        self._hang_told = True
        stall = Stall(self._meter.standing, self._guard._describe(self._commonest()))
        self._guard._report("the event loop still stands after", stall)

    def _commonest(self) -> Trace:
        return self._traces.most_common(1)[0][0] if self._traces else ()


class _Clocks:
    """The clocks of the thread that makes this object, readable from any thread."""

    def __init__(self) -> None:
        self.thread_id = threading.get_ident()
        self._cpu_clock: int | None = None
        if hasattr(time, "pthread_getcpuclockid"):
            self._cpu_clock = time.pthread_getcpuclockid(self.thread_id)
        self._schedstat = -1
        with contextlib.suppress(OSError):  # not Linux, or built without it: nobody has waited
            path = f"/proc/self/task/{threading.get_native_id()}/schedstat"
            self._schedstat = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def cpu(self) -> float:
        """Return the processor time of the thread, in seconds (of the process, on macOS)."""
        if self._cpu_clock is None:
            return time.process_time()
        try:
            return time.clock_gettime(self._cpu_clock)
        except OSError:  # the thread is gone
            return 0.0

    def waited(self) -> float:
        """Return how long the thread has been ready and without a processor, in seconds."""
        if self._schedstat < 0:
            return 0.0
        try:
            return int(os.pread(self._schedstat, 64, 0).split()[1]) * 1e-9
        except (OSError, IndexError):  # the thread is gone
            return 0.0

    def close(self) -> None:
        """Give the file back."""
        if self._schedstat >= 0:
            os.close(self._schedstat)
            self._schedstat = -1


def _loop_code(frame: FrameType | None) -> CodeType | None:
    """Find what runs the loop beneath us; a loop written in C is called by whoever started it."""
    task = asyncio.current_task()
    step: FrameType | None = getattr(task.get_coro(), "cr_frame", None) if task else None
    while frame is not None:
        if frame.f_code is _RUN_ONCE:
            return _RUN_ONCE
        caller = frame.f_back
        if frame is step:
            return caller.f_code if caller is not None else None
        frame = caller
    return None


def _callback(thread_id: int, base: CodeType | None) -> tuple[FrameType | None, Trace]:
    """Return the outermost frame of the callback that a thread is in, and the stack within it."""
    frame = sys._current_frames().get(thread_id)
    outer: FrameType | None = None
    trace: list[tuple[CodeType, int]] = []
    while frame is not None and frame.f_code is not base:
        trace.append((frame.f_code, frame.f_lineno or 0))
        outer, frame = frame, frame.f_back
    if frame is None or outer is None or (base is _RUN_ONCE and outer.f_code is not _HANDLE_RUN):
        return None, ()
    return outer, tuple(entry for entry in trace if _tells(entry[0]))


def _tells(code: CodeType) -> bool:
    return code is not _HANDLE_RUN and code.co_filename != __file__


def _summary(code: CodeType, line: int) -> FrameSummary:
    text = linecache.getline(code.co_filename, line).strip()
    return FrameSummary(code.co_filename, line, code.co_qualname, line=text)
