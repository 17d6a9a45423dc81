"""The one lazy iterator that all workers of a batch pull from."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sized
from typing import Any, Generic, TypeVar, cast

__all__ = ["LOOKAHEAD", "Source"]

T = TypeVar("T")

LOOKAHEAD = 1024
"""How many items a priority looks ahead in an input whose length is not known."""


class Source(Generic[T]):
    """Items with their places, from a sync or async iterable, pulled once each by many readers.

    ``sync`` is the plain iterator of ``(index, item)`` where there is one: readers that have it
    need not await. ``total`` is the number of items, or None when the input has no length. With a
    ``priority`` the lowest comes first: among all items when the length is known, else among the
    next `LOOKAHEAD`; equal ones keep their order.
    """

    def __init__(
        self,
        items: Iterable[T] | AsyncIterable[T],
        priority: Callable[[T], Any] | None = None,
    ) -> None:
        """Take the items without pulling any."""
        self.total: int | None = len(items) if isinstance(items, Sized) else None
        self.sync: Iterator[tuple[int, T]] | None = None
        self._async: AsyncIterator[tuple[int, T]] | None = None
        self._turn = asyncio.Lock()
        ahead = self.total if self.total is not None else LOOKAHEAD
        if isinstance(items, AsyncIterable):
            numbered = _number(items)
            self._async = _prioritise_async(numbered, priority, ahead) if priority else numbered
        else:
            pairs = enumerate(items)
            self.sync = _prioritise(pairs, priority, ahead) if priority else iter(pairs)

    async def pull(self) -> tuple[int, T] | None:
        """Return the next ``(index, item)``, or None when there are no more."""
        if self.sync is not None:
            return next(self.sync, None)
        async with self._turn:  # an async generator can only be advanced by one reader at a time
            source = cast("AsyncIterator[tuple[int, T]]", self._async)
            return await anext(source, None)

    async def close(self) -> None:
        """Close a generator that was not read to its end."""
        if self._async is not None:
            await cast(Any, self._async).aclose()


async def _number(items: AsyncIterable[T]) -> AsyncIterator[tuple[int, T]]:
    index = 0
    iterator = aiter(items)
    try:
        async for item in iterator:
            yield index, item
            index += 1
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


def _prioritise(
    pairs: Iterable[tuple[int, T]], priority: Callable[[T], Any], ahead: int
) -> Iterator[tuple[int, T]]:
    heap: list[tuple[Any, int, T]] = []
    for index, item in pairs:
        heapq.heappush(heap, (priority(item), index, item))
        if len(heap) >= max(1, ahead):
            _, first, chosen = heapq.heappop(heap)
            yield first, chosen
    while heap:
        _, first, chosen = heapq.heappop(heap)
        yield first, chosen


async def _prioritise_async(
    pairs: AsyncIterator[tuple[int, T]], priority: Callable[[T], Any], ahead: int
) -> AsyncIterator[tuple[int, T]]:
    heap: list[tuple[Any, int, T]] = []
    try:
        async for index, item in pairs:
            heapq.heappush(heap, (priority(item), index, item))
            if len(heap) >= max(1, ahead):
                _, first, chosen = heapq.heappop(heap)
                yield first, chosen
        while heap:
            _, first, chosen = heapq.heappop(heap)
            yield first, chosen
    finally:
        await cast(Any, pairs).aclose()
