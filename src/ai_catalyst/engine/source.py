"""The one lazy iterator that all workers of a batch pull from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Sized,
)
from typing import Any, Generic, TypeVar

from ai_catalyst.engine.ahead import SLICE_S, Ahead

__all__ = ["LOOKAHEAD", "Source"]

T = TypeVar("T")

LOOKAHEAD = 1024
"""How many items a priority looks ahead in an input whose length is not known."""


class Source(Generic[T]):
    """Items with their places, from a sync or async iterable, pulled once each by many readers.

    ``total`` is the number of items, or None when the input has no length. With a ``priority`` the
    lowest comes first: among all items when the length is known, among the next `LOOKAHEAD` of a
    plain input, among those that are there already of an async one. ``ahead`` lets an async input
    be read so many items ahead of who pulls.
    """

    def __init__(
        self,
        items: Iterable[T] | AsyncIterable[T],
        priority: Callable[[T], Any] | None = None,
        ahead: int = 0,
    ) -> None:
        """Take the items without pulling any."""
        self.total: int | None = len(items) if isinstance(items, Sized) else None
        self._plain: Iterator[tuple[int, T]] | None = None
        self._async: AsyncIterator[T] | None = None
        self._generator: Generator[T, Any, Any] | None = None
        self._pulled = 0
        self._ended = False
        self._turn = asyncio.Lock()
        self._ahead: Ahead[T] | None = None
        if isinstance(items, AsyncIterable):
            self._async = aiter(items)
        else:
            iterator = iter(items)
            self._plain = enumerate(iterator)
            self._generator = iterator if isinstance(iterator, Generator) else None
        if priority is not None:
            bound = LOOKAHEAD if self.total is None else self.total
            self._ahead = Ahead(bound, priority, patient=self._async is None)
        elif self._async is not None and ahead:
            self._ahead = Ahead(ahead)

    def start(self, group: asyncio.TaskGroup) -> None:
        """Read ahead in ``group``, where the source does."""
        if self._ahead is None:
            return
        if self._plain is None:
            group.create_task(self._ahead.fill_from(self._advance))
        else:
            plain, self._plain = self._plain, None
            group.create_task(self._ahead.fill(plain))

    def take(self) -> tuple[int, T] | None:
        """Return the next ``(index, item)`` if one is there."""
        if self._plain is not None:
            return next(self._plain, None)
        return None if self._ahead is None else self._ahead.take()

    async def pull(self) -> tuple[int, T] | None:
        """Return the next ``(index, item)``, or None when there are no more."""
        if self._plain is not None:
            return next(self._plain, None)
        return await (self._advance() if self._ahead is None else self._ahead.pull())

    async def pull_some(self, most: int) -> list[tuple[int, T]]:
        """Return what is there already, at least one and at most ``most``; none at the end."""
        first = await self.pull()
        if first is None:
            return []
        pulled = [first]
        there: Iterable[tuple[int, T]] = self._plain or ()
        if self._ahead is not None:
            there = self._ahead
        clock, until = time.monotonic, time.monotonic() + SLICE_S
        if most > 1:
            for more in there:
                pulled.append(more)
                if len(pulled) >= most or clock() > until:
                    break
        return pulled

    async def close(self) -> None:
        """Close a generator that was not read to its end."""
        if isinstance(self._async, AsyncGenerator):
            await self._async.aclose()
        if self._generator is not None:
            self._generator.close()

    async def _advance(self) -> tuple[int, T] | None:
        async with self._turn:  # an async generator can only be advanced by one reader at a time
            if self._ended or self._async is None:
                return None
            try:
                item = await anext(self._async)
            except StopAsyncIteration:
                self._ended = True
                return None
            self._pulled += 1
            return self._pulled - 1, item
