"""The way of results from a pool's threads to a coroutine."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from typing import Any, Generic, TypeVar

__all__ = ["Inbox", "Outlet"]

T = TypeVar("T")


class Inbox(Generic[T]):
    """A queue that threads put into and one coroutine reads; a row of puts wakes the loop once."""

    def __init__(self) -> None:
        """Belong to no loop before the first `wait`."""
        self.items: deque[T] = deque()
        self._wanted = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiter: asyncio.Future[None] | None = None

    def put(self, item: T) -> None:
        """Add an item, in any thread."""
        self.items.append(item)
        if self._wanted and self._loop is not None:
            self._wanted = False
            with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody waits
                self._loop.call_soon_threadsafe(self._wake)

    async def wait(self) -> None:
        """Return when there is an item."""
        loop = self._loop = asyncio.get_running_loop()
        while not self.items:
            self._waiter = loop.create_future()
            self._wanted = True
            if self.items:  # put between the look and the wish: nobody may have seen the wish
                break
            await self._waiter
        self._wanted = False

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Outlet:
    """The way out of a stream: `full` while ``bound`` values have not been taken.

    An item is ``(value, None)``; the last one is ``(None, error)``, or None at the end.
    """

    def __init__(self, bound: int) -> None:
        """Have room for ``bound`` values."""
        self.inbox: Inbox[tuple[Any, Exception | None] | None] = Inbox()
        self._bound = bound
        self._closed = False
        self._taken = threading.Condition(threading.Lock())

    @property
    def full(self) -> bool:
        """Whether there is no room."""
        return len(self.inbox.items) >= self._bound and not self._closed

    def wait(self) -> float:
        """Wait for room; return for how many seconds."""
        start = time.monotonic()
        with self._taken:
            self._taken.wait_for(lambda: not self.full)
        return time.monotonic() - start

    def give(self, value: Any) -> None:
        """Add a value."""
        self.inbox.put((value, None))

    def done(self, index: int, value: Any, error: Exception | None, seconds: float) -> None:
        """Add the end."""
        self.inbox.put(None if error is None else (None, error))

    def close(self) -> None:
        """Let go who waits for room."""
        with self._taken:
            self._closed = True
            self._taken.notify_all()

    def take(self) -> tuple[Any, Exception | None] | None:
        """Take the next item, which must be there."""
        item = self.inbox.items.popleft()
        if len(self.inbox.items) == self._bound - 1:
            with self._taken:
                self._taken.notify()
        return item
