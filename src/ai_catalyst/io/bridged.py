"""Objects of async libraries, such as sessions and connections, used from sync code."""

from __future__ import annotations

import inspect
from asyncio import Future
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from types import TracebackType
from typing import Any

from ai_catalyst.engine.blocking import iterate_here, run_here

__all__ = ["Bridged", "lent"]


class Bridged:
    """Acts as the object it holds, whose awaitables are awaited on the background loop.

    ``async with`` becomes ``with`` and ``async for`` becomes ``for``, also of what its calls give:
    cursors, transactions, results that are streamed. Everything else is handed on as it is.
    """

    def __init__(self, held: Any) -> None:
        """Hold an object that belongs to the background loop."""
        self._held = held

    def __getattr__(self, name: str) -> Any:
        """Return an attribute; one that can be called gives what it would give when awaited."""
        found = getattr(self._held, name)
        return _calling(found, name) if callable(found) else _bridged(found)

    def __enter__(self) -> Any:
        """Enter it as ``async with`` would."""
        entered = run_here(self._held.__aenter__(), "async with")
        return self if entered is self._held else _bridged(entered)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """Leave it."""
        left: bool | None = run_here(self._held.__aexit__(kind, error, trace), "async with")
        return left

    def __iter__(self) -> Iterator[Any]:
        """Yield what ``async for`` would."""
        return iterate_here(_all_of(self._held), "async for")

    def __repr__(self) -> str:
        """Say what it holds."""
        return f"Bridged({self._held!r})"


def _calling(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        made = method(*args, **kwargs)
        return _bridged(run_here(made, name) if _is_call(made) else made)

    return call


def _is_call(made: Any) -> bool:
    """Say whether it is a call under way; a transaction or cursor can only also be awaited."""
    if isinstance(made, Coroutine | Future):
        return True
    return inspect.isawaitable(made) and not isinstance(
        made, AbstractAsyncContextManager | AsyncIterable
    )


def _bridged(found: Any) -> Any:
    """Bridge what only async code could use."""
    if isinstance(found, AbstractAsyncContextManager | AsyncIterable):
        return Bridged(found)
    return found


async def _all_of(items: AsyncIterable[Any]) -> AsyncIterator[Any]:
    async for item in items:
        yield item


@contextmanager
def lent(lending: AbstractAsyncContextManager[Any], name: str) -> Iterator[Any]:
    """Lend in sync code what ``lending`` lends; ``name`` is the async form."""
    thing = run_here(lending.__aenter__(), name)
    try:
        yield Bridged(thing)
    except BaseException as error:
        if not run_here(lending.__aexit__(type(error), error, error.__traceback__), name):
            raise
    else:
        run_here(lending.__aexit__(None, None, None), name)
