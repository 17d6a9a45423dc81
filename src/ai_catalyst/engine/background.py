"""Event loops in threads of their own, for sync code that needs one."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
from collections.abc import Awaitable
from concurrent.futures import Future
from typing import Any, Generic, Self, TypeVar

from ai_catalyst.engine.complaints import keep_words_out

__all__ = ["Background", "Job", "background"]

T = TypeVar("T")

FAREWELL_S = 2.0
"""How long what still runs at the end of the program may take to clean up."""


class Background:
    """An event loop in a daemon thread, started at once."""

    def __init__(self) -> None:
        """Start the thread."""
        self.loop = asyncio.new_event_loop()
        keep_words_out(self.loop)
        self.thread = threading.Thread(target=self._run, name="catalyst-bridge", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    @property
    def here(self) -> bool:
        """Whether this is the thread that asks."""
        return self.thread.ident == threading.get_ident()

    @property
    def alive(self) -> bool:
        """Whether the loop can still do anything."""
        return self.thread.is_alive() and not self.loop.is_closed()

    def stop(self) -> None:
        """Cancel what still runs and close the loop, so that nothing complains at exit."""
        if not self.alive:
            return
        with contextlib.suppress(Exception):
            Job(self, _cancel_others()).start().done.result(timeout=FAREWELL_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(timeout=FAREWELL_S)
        if not self.loop.is_running():
            self.loop.close()


class Job(Generic[T]):
    """An awaitable on a background loop; ``done`` is set when it has ended, clean-up included.

    It runs in a copy of the context of the thread that started it.
    """

    def __init__(self, where: Background, awaitable: Awaitable[T]) -> None:
        """Make it ready; whoever starts it must be able to cancel it from then on."""
        self.done: Future[T] = Future()
        self._awaitable = awaitable
        self._loop = where.loop
        self._task: asyncio.Task[None] | None = None

    def start(self) -> Self:
        """Run it, from any thread."""
        self._loop.call_soon_threadsafe(self._start)
        return self

    def cancel(self) -> None:
        """Ask it to end, from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended
            self._loop.call_soon_threadsafe(self._cancel)

    def _start(self) -> None:
        if not self.done.done():
            self._task = self._loop.create_task(self._run())
            self._task.add_done_callback(self._ended)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
        elif not self.done.done():
            self._never_began()

    async def _run(self) -> None:
        try:
            value = await self._awaitable
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            self.done.set_exception(error)
        else:
            self.done.set_result(value)
        finally:
            del self  # an error holds this frame, and the job the error

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not self.done.done():
            self._never_began()

    def _never_began(self) -> None:
        close = getattr(self._awaitable, "close", None)
        if close is not None:
            close()
        self.done.set_exception(asyncio.CancelledError())


async def _cancel_others() -> None:
    tasks: set[asyncio.Task[Any]] = asyncio.all_tasks()
    tasks -= {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


_levels: list[Background] = []
_lock = threading.Lock()


def background() -> Background:
    """Return the loop to hand work to: never the one whose thread is asking.

    A twin called by a coroutine that itself runs on a background loop would wait for itself, so
    each level of such calls has a loop of its own.
    """
    with _lock:
        level = 0
        while level < len(_levels) and not _levels[level].here:
            level += 1
        level = level + 1 if level < len(_levels) else 0
        if level == len(_levels):
            _levels.append(Background())
        elif not _levels[level].alive:
            _levels[level] = Background()
        return _levels[level]


@atexit.register
def _stop_all() -> None:
    for each in reversed(_levels):
        each.stop()


def _forget() -> None:
    global _lock  # it may be held by a thread that was left behind
    _lock = threading.Lock()
    _levels.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
