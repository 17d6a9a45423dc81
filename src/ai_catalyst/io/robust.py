"""Await an operation that may fail in passing, and try again."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import time
from typing import TYPE_CHECKING, TypeVar

from ai_catalyst.engine.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["robust_async_operation"]

T = TypeVar("T")

log = logging.getLogger(__name__)


async def robust_async_operation(
    operation: Callable[[], Awaitable[T] | T],
    max_retries: int = 3,
    *,
    base_s: float = 1.0,
    cap_s: float = 60.0,
    jitter: bool = False,
    deadline_s: float | None = None,
    on: tuple[type[Exception], ...] | Callable[[Exception], bool] = (Exception,),
) -> T:
    """Return what ``operation()`` returns, trying up to ``max_retries`` times in all.

    Waits ``base_s`` · 1, 2, 4 … seconds between (at most ``cap_s``; with ``jitter`` a random part
    of that), or as long as an error's ``retry_after_s`` says. ``on`` tells which errors are worth
    another try; no attempt begins later than ``deadline_s``. The last error is re-raised, and each
    retry is logged. Only for operations that may be repeated.
    """
    chance = random.random if jitter else _whole
    policy = Retry(
        max_retries, base_s=base_s, cap_s=cap_s, deadline_s=deadline_s, jitter=chance, on=on
    )
    started = time.monotonic()
    attempt = 1
    while True:
        try:
            result = operation()
            return await result if inspect.isawaitable(result) else result
        except Exception as error:
            wait = policy.after(error, attempt, time.monotonic() - started)
            if wait is None:
                raise
            log.warning(
                "attempt %d of %d failed (%s); again in %.1f s",
                attempt,
                max_retries,
                type(error).__name__,
                wait,
            )
        attempt += 1
        await asyncio.sleep(wait)


def _whole() -> float:
    return 1.0
