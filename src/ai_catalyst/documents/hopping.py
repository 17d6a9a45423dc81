"""Blocking work done in one thread, hop by hop, with the next hop waiting before one is over."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["hop_by_hop"]

T = TypeVar("T")


async def hop_by_hop(work: Callable[[], T], permits: asyncio.Semaphore) -> AsyncGenerator[T, None]:
    """Yield what ``work()`` returns, call after call, until that is empty.

    All calls are made in one thread, one after another. As many are queued as there are
    ``permits``, so that the thread need not wait for the loop between them; the caller releases one
    when it is done with a result. Leaving early waits for the call that runs.
    """
    loop = asyncio.get_running_loop()
    stopped = False

    def call() -> T | None:
        return None if stopped else work()

    queued: deque[asyncio.Future[T | None]] = deque()
    thread = ThreadPoolExecutor(1, thread_name_prefix="catalyst-files")
    try:
        while True:
            while not queued or not permits.locked():
                await permits.acquire()
                queued.append(loop.run_in_executor(thread, call))
            result = await asyncio.shield(queued[0])
            queued.popleft()
            if not result:
                return
            yield result
    finally:
        stopped = True
        if queued:
            await asyncio.wait(queued)
        thread.shutdown(wait=False)
