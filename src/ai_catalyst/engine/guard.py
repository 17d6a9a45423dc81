"""A watchdog that says where the event loop stands, while it stands."""

from __future__ import annotations

import asyncio
import contextlib
import linecache
import logging
import time
from collections.abc import Callable
from traceback import FrameSummary, format_list
from types import CodeType, TracebackType
from typing import Self, TypeAlias

from ai_catalyst.engine.stall import Stall
from ai_catalyst.engine.watchdog import Trace, Watchdog

__all__ = ["LoopGuard", "Stall"]

log = logging.getLogger("ai_catalyst.guard")

Explain: TypeAlias = Callable[[list[FrameSummary]], str | None]

_KEPT = 100


class LoopGuard:
    """Watch an event loop and keep each stall with the stack that caused it.

    A stall is the loop's thread computing or blocked in one callback for ``threshold_s`` seconds or
    more; what it waited for a processor on a busy machine is none, and is counted apart in
    ``waited_s`` (Linux; other systems do not tell, so there it counts as standing). Lengths are
    lower bounds: on a quiet machine exact for a call that blocks in one place and for the first
    callback of a round, at most half the threshold short for others. Use it inside the running loop
    (``with`` or ``async with``), or hand it a ``loop`` from any thread; entered where no loop runs,
    it watches the standard asyncio loop that this thread runs next. A forked child is not watched.

    ``stalls`` holds the last 100 as ``(seconds, stack text)``; ``count``, ``total_s``,
    ``longest_s`` and ``waited_s`` are for metrics. ``explain`` gets the frames, outermost first,
    and may return a line of advice that joins the text. ``on_stall`` is called with each `Stall`
    when it is over, in the watchdog's thread. A warning is logged at most every ``log_every_s``
    seconds (None: never); a loop that stands for a second is logged while it stands.
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
        self._watchdog: Watchdog | None = None
        self._waited_s = 0.0

    @property
    def waited_s(self) -> float:
        """How long, while watched, the loop's thread was ready to run and got no processor."""
        return self._waited_s + (self._watchdog.waited_s if self._watchdog is not None else 0.0)

    def __enter__(self) -> Self:
        """Begin to watch."""
        if self._watchdog is not None:
            raise RuntimeError("this LoopGuard is already watching")
        self._watchdog = Watchdog(self.threshold_s, self._loop, self._note, self._note_hang)
        self._watchdog.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching; a stall that reaches up to this moment is counted too."""
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is not None:
            watchdog.stop()
            self._waited_s += watchdog.waited_s

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

    def _note_hang(self, seconds: float, trace: Trace) -> None:
        self._report("the event loop still stands after", Stall(seconds, self._describe(trace)))

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


def _summary(code: CodeType, line: int) -> FrameSummary:
    text = linecache.getline(code.co_filename, line).strip()
    return FrameSummary(code.co_filename, line, code.co_qualname, line=text)
