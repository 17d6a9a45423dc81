"""The one writer: what arrives together is committed together.

A commit costs about the same for one statement as for five hundred, and SQLite has one writer at a
time anyway. So one thread holds the one connection that writes, takes whatever has been submitted,
and commits it as a group (see commits.py).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ai_catalyst.errors import StoreError
from ai_catalyst.store.commits import Chore, Desk, Job, refuse_rest, serve
from ai_catalyst.store.delivery import Letter
from ai_catalyst.store.place import resolve

__all__ = ["Writer"]

T = TypeVar("T")


class Writer:
    """Commits what many tasks submit, in groups, on one connection held by one thread.

    Works from any event loop and thread, and opens the file when first used. ``busy_s`` is how long
    it waits for another process's lock before it gives up with a `StoreError`.
    """

    def __init__(self, path: Path | str | None = None, *, busy_s: float = 30.0) -> None:
        """Remember where; the file is opened by the first submission."""
        self.path = resolve(path)
        self._desk = Desk(self.path, busy_s)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closed = False
        self._pid = os.getpid()

    @property
    def transactions(self) -> int:
        """How many groups were committed."""
        return self._desk.transactions

    @property
    def running(self) -> bool:
        """Whether the file is open."""
        return self._thread is not None and not self._closed

    @property
    def forked(self) -> bool:
        """Whether it was made by another process than this one."""
        return self._pid != os.getpid()

    async def submit(self, run: Callable[[sqlite3.Connection], T]) -> T:
        """Run statements in the next group; returns what ``run`` returned when it is durable.

        ``run`` must do nothing but statements: when its transaction is lost it runs once more. What
        it raises reaches the caller and undoes its own statements only. A cancelled caller's
        statements are committed all the same. Raises `StoreError` for faults of the file.
        """
        return await self._send(run, alone=False)

    def post(self, run: Callable[[sqlite3.Connection], object]) -> None:
        """Submit without waiting, from a task that is being cancelled; errors are nobody's."""
        if self.running and not self._desk.ended:
            self._desk.jobs.put(Job(run, Letter.nobody()))

    async def maintain(self, run: Callable[[sqlite3.Connection], T]) -> T:
        """Run something outside any transaction (a checkpoint, a vacuum)."""
        return await self._send(run, alone=True)

    async def ready(self) -> None:
        """Return when the file is open and its schema is up to date; at once when it is already."""
        if not self._desk.is_open or self._closed:
            await self._send(_nothing, alone=True)

    def undo(self, run: Callable[[], object]) -> None:
        """Call ``run`` should the statements so far be taken back; from within a submission.

        It is how memory of what is in the file stays true: change it at once, and say how to
        change it back.
        """
        self._desk.undos.append(run)

    def every(self, seconds: float, run: Callable[[sqlite3.Connection], object]) -> None:
        """Do something in a transaction of its own every so often, from the writer's thread only.

        Call it from within a submission; errors are ignored and tried again the next time.
        """
        self._desk.chores.append(Chore(run, seconds, time.monotonic() + seconds))

    def at_close(self, run: Callable[[sqlite3.Connection], object]) -> None:
        """Do something as the last transaction; call it from within a submission."""
        self._desk.farewells.append(run)

    async def close(self) -> None:
        """Commit what was submitted and close the file; harmless when closed already."""
        with self._starting:
            self._closed = True
        if self._thread is None or self.forked:
            return
        letter: Letter[None] = Letter.here()
        with self._desk.ending:
            if self._desk.ended:
                return
            self._desk.goodbyes.append(letter)
        self._desk.jobs.put(None)
        await letter.answer()

    def abandon(self) -> None:
        """Let the thread finish what it has and end; for an owner that was dropped unclosed."""
        self._closed = True
        if self._thread is not None and self._pid == os.getpid():
            self._desk.jobs.put(None)

    async def _send(self, run: Callable[[sqlite3.Connection], T], *, alone: bool) -> T:
        letter: Letter[T] = Letter.here()
        if self._thread is None or self._closed or self.forked:
            self._start()
        self._desk.jobs.put(Job(run, letter, alone))
        if self._desk.ended:  # closed in this very moment
            refuse_rest(self._desk)
        return await letter.answer()

    def _start(self) -> None:
        with self._starting:
            if self._closed:
                raise StoreError(f"the store {self.path} is closed")
            if self.forked:
                raise StoreError(
                    f"the store {self.path} was opened before this process was forked: "
                    "open one here"
                )
            if self._thread is None:
                self._thread = threading.Thread(
                    target=serve, args=(self._desk,), name="catalyst-writer", daemon=True
                )
                self._thread.start()


def _nothing(connection: sqlite3.Connection) -> None:
    """Do nothing."""
