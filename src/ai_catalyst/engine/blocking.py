"""Sync code that waits for a background loop: for one result, or for items as they come."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import warnings
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Generic, TypeVar

from ai_catalyst.engine.background import Job, background
from ai_catalyst.engine.standstill import blocked_thread
from ai_catalyst.errors import BlockingCallWarning

__all__ = ["PREFETCH", "iterate_here", "run_here"]

T = TypeVar("T")

PREFETCH = 64
"""How many items an async iterator may run ahead of the sync reader of its twin."""


def run_here(awaitable: Awaitable[T], name: str) -> T:
    """Wait in this thread until a background loop has run ``awaitable``.

    Where a loop runs in this thread, it is blocked meanwhile, and the caller's caller is warned;
    ``name`` is the async form.
    """
    if not _loop_runs_here():
        return _outcome(Job(background(), awaitable))
    try:
        _warn(f"use `await {name}(…)`", stacklevel=4)
    except BlockingCallWarning:
        _close(awaitable)
        raise
    with blocked_thread(threading.get_ident()):
        return _outcome(Job(background(), awaitable))


def iterate_here(items: AsyncIterator[T], name: str, prefetch: int = PREFETCH) -> Iterator[T]:
    """Yield in this thread what a background loop gets out of ``items``; warns like `run_here`."""
    if _loop_runs_here():
        _warn(f"use `async for … in {name}(…)`", stacklevel=3)
    pump = _Pump(items, prefetch)
    try:
        pump.start()
        while pump.wait():
            yield pump.take()
        pump.end()
    finally:
        pump.stop()


def _loop_runs_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _warn(advice: str, stacklevel: int) -> None:
    if "ipykernel" in sys.modules:  # a cell blocks by nature: the warning would only be noise there
        return
    message = f"a sync call blocks the running event loop; {advice} here"
    warnings.warn(message, BlockingCallWarning, stacklevel)


def _close(awaitable: object) -> None:
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()


def _outcome(job: Job[T]) -> T:
    """Start a job and wait for it. Ctrl-C may come at any line, the first one included."""
    try:
        return job.start().done.result()
    except BaseException:
        if not job.done.done():  # Ctrl-C here ends the work there, and waits for its clean-up
            job.cancel()
            with contextlib.suppress(Exception, asyncio.CancelledError):
                job.done.result()
        raise
    finally:
        del job  # an error holds this frame, and the job the error


class _Pump(Generic[T]):
    """Moves items from an async iterator on a background loop to a sync reader, a few ahead."""

    def __init__(self, items: AsyncIterator[T], prefetch: int) -> None:
        self._items = items
        self._most = max(1, prefetch)
        self._ready: deque[T] = deque()
        self._changed = threading.Condition()
        self._room = asyncio.Event()
        self._full = False
        self._where = background()
        self._job = Job(self._where, self._pump())
        self._job.done.add_done_callback(self._tell)

    def start(self) -> None:
        """Begin to move items."""
        self._job.start()

    # On the background loop.

    async def _pump(self) -> None:
        try:
            async for item in self._items:
                with self._changed:
                    self._ready.append(item)
                    self._full = len(self._ready) >= self._most
                    self._changed.notify_all()
                while self._full:
                    self._room.clear()
                    if self._full:
                        await self._room.wait()
        finally:
            close = getattr(self._items, "aclose", None)
            if close is not None:
                await close()

    def _tell(self, _: object) -> None:
        with self._changed:
            self._changed.notify_all()

    # In the reader's thread.

    def wait(self) -> bool:
        """Wait for an item; False when there are no more."""
        if self._ready:
            return True
        if _loop_runs_here():
            with blocked_thread(threading.get_ident()):
                return self._wait()
        return self._wait()

    def _wait(self) -> bool:
        with self._changed:
            while not self._ready and not self._job.done.done():
                self._changed.wait()
            return bool(self._ready)

    def take(self) -> T:
        """Take an item that is there."""
        item = self._ready.popleft()
        if self._full and len(self._ready) <= self._most // 2:
            self._full = False
            with contextlib.suppress(RuntimeError):  # the loop is closed: nothing more comes
                self._where.loop.call_soon_threadsafe(self._room.set)
        return item

    def end(self) -> None:
        """Raise what the iterator raised, if it did."""
        self._job.done.result()

    def stop(self) -> None:
        """Cancel the iterator and wait until it is closed."""
        self._job.cancel()
        # The collector may end a forgotten reader in any thread, also in the pump's own.
        if self._where.here:
            return
        with blocked_thread(threading.get_ident()), self._changed:
            while not self._job.done.done() and self._where.alive:
                self._changed.wait(timeout=1)
