"""One call for equal keys in flight: the others wait for its result."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from ai_catalyst.engine.standstill import standing_still, witness

__all__ = ["SingleFlight", "single_flight"]

T = TypeVar("T")
P = ParamSpec("P")
AsyncFunction = Callable[P, Coroutine[Any, Any, T]]


class _Waiter:
    """Somebody who waits for a call, on a loop of their own."""

    __slots__ = ("future", "loop", "thread")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.thread = threading.get_ident()
        self.future: asyncio.Future[None] = self.loop.create_future()


class _Call(Generic[T]):
    """A call in flight, on the loop of the caller who came first."""

    __slots__ = ("ended", "error", "loop", "task", "thread", "value", "waiters")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.thread = threading.get_ident()
        self.task: asyncio.Task[None] | None = None
        self.waiters: set[_Waiter] = set()
        self.ended = False
        self.value: T | None = None
        self.error: BaseException | None = None

    def end(self, value: T | None = None, error: BaseException | None = None) -> None:
        """Keep what came of it."""
        self.value, self.error, self.ended = value, error, True

    def result(self) -> T:
        """Return the value or raise the error."""
        error = self.error
        if error is None:
            return cast(T, self.value)
        try:
            raise error
        finally:
            del self, error  # an error holds this frame, and the call the error

    @property
    def stuck(self) -> bool:
        """Whether its loop stands still because of who asks, or is gone."""
        return self.loop.is_closed() or (
            self.thread in standing_still() and self.thread != threading.get_ident()
        )


class SingleFlight(Generic[T]):
    """Callers that ask for a key while it is being made share the one result, or the one error.

    Works across threads and event loops. A waiter that is cancelled leaves; the call itself is
    cancelled only when nobody waits for it any more. Who waits for a call that is cancelled, or
    whose loop stands still under a sync twin, makes one of its own.
    """

    def __init__(self) -> None:
        """Start with nothing in flight."""
        self._calls: dict[Hashable, _Call[T]] = {}
        # Re-entrant: the collector may end a forgotten waiter at any line, also under the lock.
        self._lock = threading.RLock()
        witness(self)

    def __len__(self) -> int:
        """How many keys are in flight."""
        return len(self._calls)

    async def do(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """Return what ``make()`` returns; it runs once, however many ask for ``key`` meanwhile."""
        while True:
            waiter = _Waiter()
            call = self._join(key, make, waiter)
            try:
                await waiter.future
            except asyncio.CancelledError:
                if self._leave(key, call, waiter) and call.loop is waiter.loop:
                    await asyncio.wait([cast("asyncio.Task[None]", call.task)])
                raise
            if call.ended:
                try:
                    return call.result()
                finally:
                    del call  # its error holds this frame
            self._leave(key, call, waiter)

    def look_again(self) -> None:
        """Let go on who waits for a loop that stands still."""
        with self._lock:
            stuck = [call for call in self._calls.values() if call.thread in standing_still()]
            for call in stuck:
                _wake(waiter for waiter in call.waiters if waiter.thread != call.thread)

    def forget(self) -> None:
        """Start anew in a forked child: the loops of all calls are in the parent."""
        self._lock = threading.RLock()
        self._calls.clear()

    def _join(self, key: Hashable, make: Callable[[], Awaitable[T]], waiter: _Waiter) -> _Call[T]:
        with self._lock:
            call = self._calls.get(key)
            if call is None or call.stuck:
                call = self._calls[key] = _Call()
                # Its owners are those who wait: the last one to leave cancels it.
                call.task = call.loop.create_task(self._make(key, call, make))
            call.waiters.add(waiter)
            return call

    async def _make(self, key: Hashable, call: _Call[T], make: Callable[[], Awaitable[T]]) -> None:
        try:
            call.end(await make())
        except asyncio.CancelledError as error:
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise  # nobody waits any more, or the loop ends: who still waits starts anew
            call.end(error=error)
        except BaseException as error:  # noqa: BLE001 - it is handed to those who wait
            call.end(error=error)
        finally:
            with self._lock:
                self._forget(key, call)
                _wake(call.waiters)
            del call  # an error holds this frame, and the call the error

    def _forget(self, key: Hashable, call: _Call[T]) -> None:
        if self._calls.get(key) is call:
            del self._calls[key]

    def _leave(self, key: Hashable, call: _Call[T], waiter: _Waiter) -> bool:
        """Stop waiting; return whether that ends the call, because nobody waits any more."""
        with self._lock:
            call.waiters.discard(waiter)
            if call.waiters or call.ended or call.task is None:
                return False
            self._forget(key, call)  # who asks from now on starts anew
        try:
            call.loop.call_soon_threadsafe(call.task.cancel)
        except RuntimeError:  # its loop is closed
            return False
        return not call.task.done()


def _wake(waiters: Iterable[_Waiter]) -> None:
    here = threading.get_ident()
    for waiter in list(waiters):
        try:
            if waiter.thread == here:
                _settle(waiter.future)
            else:
                waiter.loop.call_soon_threadsafe(_settle, waiter.future)
        except RuntimeError:  # its loop is closed, and whoever waited there gone
            continue


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


@overload
def single_flight(function: AsyncFunction[P, T]) -> AsyncFunction[P, T]: ...
@overload
def single_flight(
    function: Callable[P, Hashable] | None = None,
    *,
    key: Callable[P, Hashable] | None = None,
) -> Callable[[AsyncFunction[P, T]], AsyncFunction[P, T]]: ...
def single_flight(
    function: Callable[..., Any] | None = None, *, key: Callable[..., Hashable] | None = None
) -> Any:
    """Decorate a coroutine function so that equal calls in flight are one call.

    ``@single_flight`` takes the arguments themselves as the key; ``@single_flight(key)`` or
    ``@single_flight(key=…)`` makes a hashable of them.
    """
    if function is None or not inspect.iscoroutinefunction(function):
        return functools.partial(_shared, key=key or function or _arguments)
    return _shared(function, key=key or _arguments)


def _arguments(*args: Any, **kwargs: Any) -> Hashable:
    return args, tuple(sorted(kwargs.items()))


def _shared(
    function: Callable[..., Coroutine[Any, Any, T]], *, key: Callable[..., Hashable]
) -> Callable[..., Coroutine[Any, Any, T]]:
    flight: SingleFlight[T] = SingleFlight()

    @functools.wraps(function)
    async def shared(*args: Any, **kwargs: Any) -> T:
        return await flight.do(key(*args, **kwargs), lambda: function(*args, **kwargs))

    return shared
