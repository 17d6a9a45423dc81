"""One call for equal keys in flight: the others wait for its result."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, ParamSpec, TypeVar

__all__ = ["SingleFlight", "single_flight"]

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(slots=True, eq=False)
class _Call(Generic[T]):
    """A call in flight, on the loop of the caller who came first."""

    loop: asyncio.AbstractEventLoop
    waiting: int = 0
    result: Future[T] = field(default_factory=Future)
    task: asyncio.Task[None] | None = None


class SingleFlight(Generic[T]):
    """Callers that ask for a key while it is being made share the one result, or the one error.

    Works across threads and event loops. A waiter that is cancelled leaves; the call itself is
    cancelled only when nobody waits for it any more.
    """

    def __init__(self) -> None:
        """Start with nothing in flight."""
        self._calls: dict[Hashable, _Call[T]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many keys are in flight."""
        return len(self._calls)

    async def do(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """Return what ``make()`` returns; it runs once, however many ask for ``key`` meanwhile."""
        call = self._join(key, make)
        try:
            return await asyncio.shield(asyncio.wrap_future(call.result))
        finally:
            self._leave(key, call)

    def _join(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> _Call[T]:
        with self._lock:
            call = self._calls.get(key)
            if call is None or call.loop.is_closed():
                call = self._calls[key] = _Call(asyncio.get_running_loop())
                call.task = call.loop.create_task(self._make(key, call, make))
            call.waiting += 1
            return call

    async def _make(self, key: Hashable, call: _Call[T], make: Callable[[], Awaitable[T]]) -> None:
        try:
            value = await make()
        except asyncio.CancelledError:
            self._forget(key, call)
            call.result.cancel()
            raise
        except BaseException as error:  # noqa: BLE001 - it is handed to those who wait
            self._forget(key, call)
            call.result.set_exception(error)
        else:
            self._forget(key, call)
            call.result.set_result(value)

    def _forget(self, key: Hashable, call: _Call[T]) -> None:
        with self._lock:
            if self._calls.get(key) is call:
                del self._calls[key]

    def _leave(self, key: Hashable, call: _Call[T]) -> None:
        with self._lock:
            call.waiting -= 1
            if call.waiting or call.result.done():
                return
            if self._calls.get(key) is call:  # who asks from now on starts anew
                del self._calls[key]
        if call.task is not None and not call.loop.is_closed():
            call.loop.call_soon_threadsafe(call.task.cancel)


def single_flight(
    function: Callable[P, Coroutine[Any, Any, T]],
    *,
    key: Callable[P, Hashable] | None = None,
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Decorate a coroutine function so that equal calls in flight are one call.

    ``key`` makes a hashable of the arguments; by default the arguments themselves are the key.
    """
    flight: SingleFlight[T] = SingleFlight()

    def arguments(*args: P.args, **kwargs: P.kwargs) -> Hashable:
        return args, tuple(sorted(kwargs.items()))

    key_of = key or arguments

    @functools.wraps(function)
    async def shared(*args: P.args, **kwargs: P.kwargs) -> T:
        return await flight.do(key_of(*args, **kwargs), lambda: function(*args, **kwargs))

    return shared
