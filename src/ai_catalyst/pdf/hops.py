"""Calls made in a thread, together with those that came while the last ones were made."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["Hops", "hops_of"]

T = TypeVar("T")
R = TypeVar("R")


class Hops(Generic[T, R]):
    """Calls ``function`` off the loop; a hop to a thread costs more than a look at a file.

    Nothing waits on purpose: the first call goes at once, those that come meanwhile go together.
    """

    def __init__(self, function: Callable[[T], R]) -> None:
        """Take a function of one argument."""
        self._function = function
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._busy = False

    async def __call__(self, argument: T) -> R:
        """Return ``function(argument)``, or raise what it raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        self._waiting.append((argument, answer))
        if not self._busy:
            self._go(loop)
        return await answer

    def _go(self, loop: asyncio.AbstractEventLoop) -> None:
        group, self._waiting = self._waiting, []
        hop = loop.run_in_executor(None, self._call_all, [argument for argument, _ in group])
        self._busy = True
        hop.add_done_callback(lambda done: self._deliver(loop, group, done))

    def _call_all(self, arguments: list[T]) -> list[tuple[R | None, Exception | None]]:
        answers: list[tuple[R | None, Exception | None]] = []
        for argument in arguments:
            try:
                answers.append((self._function(argument), None))
            except Exception as error:  # noqa: BLE001 - handed to whoever asked
                answers.append((None, error))
        return answers

    def _deliver(
        self,
        loop: asyncio.AbstractEventLoop,
        group: list[tuple[T, asyncio.Future[R]]],
        done: asyncio.Future[list[tuple[R | None, Exception | None]]],
    ) -> None:
        self._busy = False
        failure = None if done.cancelled() else done.exception()
        answers = [] if done.cancelled() or failure else done.result()
        for place, (_, future) in enumerate(group):
            if future.done():
                continue
            if place >= len(answers):
                future.set_exception(failure) if failure else future.cancel()
                continue
            value, error = answers[place]
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(value)  # type: ignore[arg-type]
        if self._waiting:
            self._go(loop)


_hops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Any, Hops[Any, Any]]] = (
    weakref.WeakKeyDictionary()
)


def hops_of(function: Callable[[T], R]) -> Hops[T, R]:
    """Return this loop's hops for a function."""
    found = _hops.setdefault(asyncio.get_running_loop(), {})
    if function not in found:
        found[function] = Hops(function)
    return found[function]
