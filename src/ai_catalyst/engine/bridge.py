"""The bridge from sync code to async code: `run_sync`, and twins declared beside async methods.

Async is the source of truth. A twin hands its coroutine to a loop that runs in a thread of its own
and waits, so it works in a script, in a notebook, and even inside a running loop: there it blocks,
and says so with a `BlockingCallWarning`.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from ai_catalyst.engine.blocking import PREFETCH, iterate_here, run_here

__all__ = ["Twin", "TwinIter", "run_sync", "run_sync_iter", "twin", "twin_iter"]

S = TypeVar("S")
P = ParamSpec("P")
T = TypeVar("T")


def run_sync(awaitable: Awaitable[T]) -> T:
    """Run a coroutine to its end from sync code and return its result, or raise its error.

    Works with and without an event loop running in this thread; where one runs, it is blocked
    meanwhile and a `BlockingCallWarning` is emitted. Ctrl-C cancels the work and waits until it has
    cleaned up.
    """
    return run_here(awaitable, getattr(awaitable, "__qualname__", type(awaitable).__name__))


def run_sync_iter(items: AsyncIterator[T], *, prefetch: int = PREFETCH) -> Iterator[T]:
    """Iterate an async iterator from sync code; it runs at most ``prefetch`` items ahead.

    Closing or dropping the iterator closes the async one.
    """
    name = getattr(items, "__qualname__", type(items).__name__)
    return iterate_here(items, name, prefetch)


class _Declared(Generic[S, P]):
    """What both kinds of twins share: they bind like a method and look like one."""

    def __init__(self, method: Callable[Concatenate[S, P], Any]) -> None:
        """Take the async method."""
        self.__wrapped__ = method  # where `inspect.signature` finds the arguments
        self.__name__, self.__qualname__ = method.__name__, method.__qualname__
        self.__module__ = method.__module__
        self._async_name = method.__name__
        self.__doc__ = f"Sync twin of `{method.__name__}`.\n\n{method.__doc__ or ''}"

    def __set_name__(self, owner: type, name: str) -> None:
        """Hear the name it is declared under."""
        self.__name__ = name
        self.__qualname__ = f"{owner.__qualname__}.{name}"

    def _dress(self, call: Callable[P, T], method: Callable[P, Any]) -> Callable[P, T]:
        """Give a bound twin the signature of the bound method, and its own name."""
        functools.update_wrapper(call, method)
        call.__name__, call.__qualname__ = self.__name__, self.__qualname__
        call.__doc__ = self.__doc__
        return call


class Twin(_Declared[S, P], Generic[S, P, T]):
    """The sync form of an async method: ``scrub = twin(scrub_async)``.

    A subclass that overrides the async method changes its twin too. The signature is the method's.
    """

    @overload
    def __get__(self, instance: None, owner: type[S]) -> Self: ...
    @overload
    def __get__(self, instance: S, owner: type[S] | None = None) -> Callable[P, T]: ...
    def __get__(self, instance: S | None, owner: type[S] | None = None) -> Self | Callable[P, T]:
        """Bind to an instance."""
        if instance is None:
            return self
        name = self._async_name
        method: Callable[P, Awaitable[T]] = getattr(instance, name)

        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            return run_here(method(*args, **kwargs), name)

        return self._dress(call, method)

    def __call__(self, instance: S, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it as a function of the class: ``Scrubber.scrub(scrubber, text)``."""
        method: Callable[P, Awaitable[T]] = getattr(instance, self._async_name)
        return run_here(method(*args, **kwargs), self._async_name)


class TwinIter(_Declared[S, P], Generic[S, P, T]):
    """The sync form of an async generator method: ``files = twin_iter(files_async)``.

    A subclass that overrides the async method changes its twin too. The signature is the method's.
    """

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
        name = self._async_name
        method: Callable[P, AsyncIterator[T]] = getattr(instance, name)

        def call(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
            return iterate_here(method(*args, **kwargs), name)

        return self._dress(call, method)

    def __call__(self, instance: S, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        """Call it as a function of the class: ``FileProcessor.process_file(processor, path)``."""
        method: Callable[P, AsyncIterator[T]] = getattr(instance, self._async_name)
        return iterate_here(method(*args, **kwargs), self._async_name)


def twin(method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]]) -> Twin[S, P, T]:
    """Declare the sync twin of an async method."""
    return Twin(method)


def twin_iter(method: Callable[Concatenate[S, P], AsyncIterator[T]]) -> TwinIter[S, P, T]:
    """Declare the sync twin of an async generator method."""
    return TwinIter(method)
