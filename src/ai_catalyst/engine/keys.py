"""The keys of a group of items, made by a plain or a coroutine function."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from ai_catalyst.engine.ahead import SLICE_S
from ai_catalyst.engine.attempt import cancelled_within

__all__ = ["keys_of"]

T = TypeVar("T")


async def keys_of(
    items: Sequence[T], key: Callable[[T], bytes | Awaitable[bytes]], limit: int
) -> list[bytes | Exception]:
    """Return the key of each item, or the exception that ``key`` raised for it.

    At most ``limit`` coroutines run at once; a plain function lets others run now and then.
    """
    async with asyncio.TaskGroup() as group:
        keys = _Keys(items, key, limit, group)
        await keys.work()
    return keys.made


class _Keys(Generic[T]):
    def __init__(
        self,
        items: Sequence[T],
        key: Callable[[T], bytes | Awaitable[bytes]],
        limit: int,
        group: asyncio.TaskGroup,
    ) -> None:
        self.made: list[bytes | Exception] = [b""] * len(items)
        self._items = enumerate(items)
        self._key = key
        self._more = min(limit, len(items)) - 1
        self._group = group

    async def work(self) -> None:
        made, key_of, clock = self.made, self._key, time.monotonic
        until = clock() + SLICE_S
        for place, item in self._items:
            try:
                key = key_of(item)
                made[place] = key if isinstance(key, bytes) else await self._await(key)
            except Exception as error:  # noqa: BLE001 - whatever a caller's function raises
                made[place] = error
            if clock() > until:
                await asyncio.sleep(0)
                until = clock() + SLICE_S

    async def _await(self, key: Awaitable[bytes]) -> bytes:
        while self._more > 0:  # it is a coroutine function: others can begin meanwhile
            self._more -= 1
            self._group.create_task(self.work())
        try:
            return await key
        except asyncio.CancelledError as error:
            raise cancelled_within(error) from error
