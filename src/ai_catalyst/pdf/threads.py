"""Threads for functions that may block: as many as are busy, and little between them and the loop.

The standard library's executor costs a tenth of a millisecond a call; reading a small PDF costs
not much more.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from ai_catalyst.engine.threads import start_soon

__all__ = ["Threads"]

Answer = tuple["asyncio.Future[Any]", Any, BaseException | None]


class Threads:
    """Calls functions in at most ``most`` daemon threads, from any loop; what waits, waits."""

    def __init__(self, most: int) -> None:
        """Start none before the first call."""
        self._most = most
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._free = 0

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return ``function(*args)``, called in this context; raises what it raises."""
        mail = _mail_of(asyncio.get_running_loop())
        answer: asyncio.Future[Any] = mail.loop.create_future()
        with self._lock:
            self._free -= 1
            if self._free < 0 and self._threads < self._most:
                self._threads += 1
                self._free += 1
                start_soon(self._serve, "catalyst-extract")
        self._calls.put((contextvars.copy_context(), function, args, mail, answer))
        return await answer

    def _serve(self) -> None:
        while True:
            context, function, args, mail, answer = self._calls.get()
            try:
                told: Answer = (answer, context.run(function, *args), None)
            except BaseException as error:  # noqa: BLE001 - handed to whoever asked
                told = (answer, None, error)
            with self._lock:
                self._free += 1
            mail.put(told)
            del context, function, args, mail, answer, told


class _Mail:
    """The way of answers to a loop: a row of them wakes it once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._answers: deque[Answer] = deque()
        self._told = False

    def put(self, answer: Answer) -> None:
        self._answers.append(answer)
        if not self._told:
            self._told = True
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                self.loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._told = False  # before the look: what comes from now on tells again
        while self._answers:
            future, value, error = self._answers.popleft()
            if future.done():
                continue
            if error is None:
                future.set_result(value)
            elif isinstance(error, StopIteration):  # a future cannot hold one
                future.set_exception(RuntimeError("the function raised StopIteration"))
            else:
                future.set_exception(error)


_Call = tuple[
    contextvars.Context, Callable[..., Any], tuple[Any, ...], _Mail, "asyncio.Future[Any]"
]
_here = threading.local()


def _mail_of(loop: asyncio.AbstractEventLoop) -> _Mail:
    mail: _Mail | None = getattr(_here, "mail", None)
    if mail is None or mail.loop is not loop:
        mail = _here.mail = _Mail(loop)
    return mail
