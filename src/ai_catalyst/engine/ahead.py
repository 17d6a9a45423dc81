"""Items that were read ahead of those who pull them, first come first out or by priority."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Generic, TypeVar

__all__ = ["SLICE_S", "Ahead"]

T = TypeVar("T")

SLICE_S = 0.01
"""How long a loop over other people's functions may run before it lets others run, in seconds."""


class Ahead(Generic[T]):
    """Holds at most ``bound`` items with their places; a reader fills it, many pull from it.

    With a ``priority`` the lowest comes out first, equal ones in their order. Who is ``patient``
    waits until ``bound`` items, or all there are, can be compared.
    """

    def __init__(
        self, bound: int, priority: Callable[[T], Any] | None = None, *, patient: bool = False
    ) -> None:
        """Start empty."""
        self._bound = max(1, bound)
        self._priority = priority
        self._least = self._bound if patient else 1
        self._queued: deque[tuple[int, T]] = deque()
        self._ranked: list[tuple[Any, int, T]] = []
        self._ended = False
        self._some = asyncio.Event()
        self._room = asyncio.Event()

    async def fill(self, items: Iterator[tuple[int, T]]) -> None:
        """Read a plain iterator to its end, waiting while enough are held."""
        until = time.monotonic() + SLICE_S
        for index, item in items:
            await self._put(index, item)
            if time.monotonic() > until:
                await asyncio.sleep(0)
                until = time.monotonic() + SLICE_S
        self._end()

    async def fill_from(self, advance: Callable[[], Awaitable[tuple[int, T] | None]]) -> None:
        """Read an async input to its end, waiting while enough are held."""
        while (pulled := await advance()) is not None:
            await self._put(*pulled)
        self._end()

    async def pull(self) -> tuple[int, T] | None:
        """Wait for an item; None when there are no more."""
        while (pulled := self.take()) is None:
            if self._ended:
                return None
            self._some.clear()
            await self._some.wait()
        return pulled

    def take(self) -> tuple[int, T] | None:
        """Return an item if one is there."""
        held = len(self)
        if not held or (held < self._least and not self._ended):
            return None
        self._room.set()
        if self._priority is None:
            return self._queued.popleft()
        _, index, item = heapq.heappop(self._ranked)
        return index, item

    def __iter__(self) -> Iterator[tuple[int, T]]:
        """Take what is there."""
        while (pulled := self.take()) is not None:
            yield pulled

    def __len__(self) -> int:
        """How many items are held."""
        return len(self._queued) + len(self._ranked)

    async def _put(self, index: int, item: T) -> None:
        if self._priority is None:
            self._queued.append((index, item))
        else:
            heapq.heappush(self._ranked, (self._priority(item), index, item))
        if len(self) >= self._least:
            self._some.set()
        while len(self) >= self._bound:
            self._room.clear()
            await self._room.wait()

    def _end(self) -> None:
        self._ended = True
        self._some.set()
