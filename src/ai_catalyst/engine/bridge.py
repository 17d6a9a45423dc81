"""The bridge under every sync twin: one background event loop, and descriptors that declare twins.

Async is the source of truth. A twin hands its coroutine to a loop that runs in a thread of its own
and waits, so it works in a script, in a notebook, and even inside a running loop: there it blocks,
and says so with a `BlockingCallWarning`.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import os
import sys
import threading
import warnings
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from ai_catalyst.engine.limits import blocked_thread
from ai_catalyst.errors import BlockingCallWarning

__all__ = ["Twin", "TwinIter", "run_sync", "run_sync_iter", "twin", "twin_iter"]

T = TypeVar("T")
S = TypeVar("S")
P = ParamSpec("P")

PREFETCH = 64
"""How many items an async iterator may run ahead of the sync reader of its twin."""


class _Background:
    """An event loop in a daemon thread, started on first use."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, name="catalyst-bridge", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def submit(self, awaitable: Awaitable[T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(_as_coroutine(awaitable), self.loop)

    def stop(self) -> None:
        """Cancel what still runs and close the loop, so that nothing complains at exit."""
        if self.pid != os.getpid() or not self.thread.is_alive():
            return
        with contextlib.suppress(Exception):
            self.submit(_cancel_others()).result(timeout=2)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(timeout=2)
        if not self.loop.is_running():
            self.loop.close()


async def _as_coroutine(awaitable: Awaitable[T]) -> T:
    return await awaitable


async def _cancel_others() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


_loops: list[_Background] = []
_lock = threading.Lock()


def _background() -> _Background:
    """Return the loop to hand work to: never the one whose thread is asking.

    A twin called by a coroutine that itself runs on a background loop would wait for itself, so
    each level of such calls has a loop of its own.
    """
    with _lock:
        if _loops and _loops[0].pid != os.getpid():  # a forked child has the list, not the threads
            _loops.clear()
        threads = [background.thread.ident for background in _loops]
        me = threading.get_ident()
        level = threads.index(me) + 1 if me in threads else 0
        if level == len(_loops):
            _loops.append(_Background())
        return _loops[level]


@atexit.register
def _stop_all() -> None:
    for background in reversed(_loops):
        background.stop()


def _running_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _in_notebook() -> bool:
    return "ipykernel" in sys.modules


@contextlib.contextmanager
def _standing_still(async_name: str, stacklevel: int) -> Iterator[None]:
    """Mark this thread's loop, when it runs, as blocked while a twin waits."""
    if not _running_loop():
        yield
        return
    if not _in_notebook():  # a cell blocks by nature: the warning would only be noise there
        warnings.warn(
            f"a sync call blocks the running event loop; use `await {async_name}` here",
            BlockingCallWarning,
            stacklevel=stacklevel,
        )
    with blocked_thread(threading.get_ident()):
        yield


def _wait(future: Future[T]) -> T:
    try:
        return future.result()
    except BaseException:
        future.cancel()  # Ctrl-C in the waiting thread ends the work too
        raise


def _run(awaitable: Awaitable[T], async_name: str, stacklevel: int) -> T:
    with _standing_still(async_name, stacklevel):
        return _wait(_background().submit(awaitable))


def run_sync(awaitable: Awaitable[T]) -> T:
    """Run a coroutine to its end from sync code and return its result, or raise its error.

    Works with and without an event loop running in this thread; where one runs, it is blocked
    meanwhile and a `BlockingCallWarning` is emitted.
    """
    name = getattr(awaitable, "__qualname__", type(awaitable).__name__)
    return _run(awaitable, f"{name}(…)", 5)


class _Pump(Generic[T]):
    """Moves items from an async iterator on a background loop to a sync reader, a few ahead."""

    def __init__(self, items: AsyncIterator[T], prefetch: int) -> None:
        self._items = items
        self._prefetch = prefetch
        self._ready: deque[T] = deque()
        self._changed = threading.Condition()
        self._done = False
        self._background = _background()
        self._space: asyncio.Event | None = None
        self._future = self._background.submit(self._pump())

    async def _pump(self) -> None:
        self._space = asyncio.Event()
        try:
            async for item in self._items:
                with self._changed:
                    self._ready.append(item)
                    self._changed.notify()
                    full = len(self._ready) >= self._prefetch
                    if full:
                        self._space.clear()
                if full:
                    await self._space.wait()
        finally:
            close = getattr(self._items, "aclose", None)
            if close is not None:
                await close()
            with self._changed:
                self._done = True
                self._changed.notify()

    def take(self) -> deque[T]:
        """Wait for items and return all that are ready; none when there are no more."""
        with self._changed:
            while not self._ready and not self._done:
                self._changed.wait()
            taken, self._ready = self._ready, deque()
        if self._space is not None:
            self._background.loop.call_soon_threadsafe(self._space.set)
        return taken

    def finish(self) -> None:
        """Raise what the iterator raised, if it did."""
        _wait(self._future)

    def stop(self) -> None:
        """Cancel the iterator and wait until it is closed."""
        self._future.cancel()
        with self._changed:
            while not self._done and self._space is not None:
                self._changed.wait(timeout=5)


def run_sync_iter(items: AsyncIterator[T], *, prefetch: int = PREFETCH) -> Iterator[T]:
    """Iterate an async iterator from sync code; it runs at most ``prefetch`` items ahead."""
    return _iterate(items, prefetch, type(items).__name__, 4)


def _iterate(items: AsyncIterator[T], prefetch: int, name: str, stacklevel: int) -> Iterator[T]:
    with _standing_still(f"{name}(…)", stacklevel):
        pump = _Pump(items, prefetch)
        taken = pump.take()
    try:
        while taken:
            yield from taken
            with blocked_thread(threading.get_ident()):
                taken = pump.take()
        pump.finish()
    finally:
        pump.stop()


class Twin(Generic[S, P, T]):
    """The sync form of an async method, declared beside it: ``scrub = twin(scrub_async)``."""

    def __init__(self, method: Callable[Concatenate[S, P], Awaitable[T]]) -> None:
        """Take the async method; a subclass that overrides it changes its twin too."""
        self._method = method
        self.__doc__ = f"Sync twin of `{method.__name__}`.\n\n{method.__doc__ or ''}"
        self.__wrapped__ = method

    @overload
    def __get__(self, instance: None, owner: type[S]) -> Self: ...
    @overload
    def __get__(self, instance: S, owner: type[S] | None = None) -> Callable[P, T]: ...
    def __get__(self, instance: S | None, owner: type[S] | None = None) -> Self | Callable[P, T]:
        """Bind to an instance."""
        if instance is None:
            return self
        method = getattr(instance, self._method.__name__)

        @functools.wraps(self._method)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            result: T = _run(method(*args, **kwargs), f"{method.__name__}(…)", 5)
            return result

        return call


class TwinIter(Generic[S, P, T]):
    """The sync form of an async generator method: ``files = twin_iter(files_async)``."""

    def __init__(self, method: Callable[Concatenate[S, P], AsyncIterator[T]]) -> None:
        """Take the async generator method; a subclass that overrides it changes its twin too."""
        self._method = method
        self.__doc__ = f"Sync twin of `{method.__name__}`.\n\n{method.__doc__ or ''}"
        self.__wrapped__ = method

    @overload
    def __get__(self, instance: None, owner: type[S]) -> Self: ...
    @overload
    def __get__(self, instance: S, owner: type[S] | None = None) -> Callable[P, Iterator[T]]: ...
    def __get__(
        self, instance: S | None, owner: type[S] | None = None
    ) -> Self | Callable[P, Iterator[T]]:
        """Bind to an instance."""
        if instance is None:
            return self
        method = getattr(instance, self._method.__name__)

        @functools.wraps(self._method)
        def call(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
            return _iterate(method(*args, **kwargs), PREFETCH, method.__name__, 4)

        return call


def twin(method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]]) -> Twin[S, P, T]:
    """Declare the sync twin of an async method."""
    return Twin(method)


def twin_iter(method: Callable[Concatenate[S, P], AsyncIterator[T]]) -> TwinIter[S, P, T]:
    """Declare the sync twin of an async generator method."""
    return TwinIter(method)
