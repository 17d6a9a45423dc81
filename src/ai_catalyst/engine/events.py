"""Progress events, and the one place that hands them to a caller's callback."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any

import msgspec

__all__ = ["ProgressCallback", "ProgressEvent", "ProgressEventType", "notifier"]

log = logging.getLogger(__name__)


class ProgressEventType(Enum):
    """The five things that can be told about a batch."""

    BATCH_STARTED = "batch_started"
    FILE_STARTED = "file_started"
    FILE_COMPLETED = "file_completed"
    FILE_FAILED = "file_failed"
    BATCH_COMPLETED = "batch_completed"


class ProgressEvent(msgspec.Struct):
    """One event of a batch.

    ``file_name`` is the item's label, ``current_file`` the number of items finished so far,
    ``total_files`` their total or None when the input has no length, ``message`` a line for people,
    ``error`` what failed.
    """

    event_type: ProgressEventType
    file_name: str | None = None
    current_file: int = 0
    total_files: int | None = None
    message: str = ""
    error: str | None = None


ProgressCallback = Callable[[ProgressEvent], Awaitable[Any] | Any]
Notify = Callable[[ProgressEvent], Awaitable[None] | None]


def notifier(callback: ProgressCallback) -> Notify:
    """Wrap a plain or coroutine callback so that it harms nothing; what it raises is logged once.

    The result returns None when there is nothing to await, so that plain callbacks stay cheap.
    """
    logged = False

    def complain(error: BaseException) -> None:
        nonlocal logged
        if not logged:
            logged = True
            log.warning("progress callback raised %s; its errors are ignored", type(error).__name__)

    async def wait(pending: Awaitable[Any]) -> None:
        try:
            await pending
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            complain(error)
        except Exception as error:  # noqa: BLE001 - a caller's callback may raise anything
            complain(error)

    def notify(event: ProgressEvent) -> Awaitable[None] | None:
        try:
            result = callback(event)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - as above
            complain(error)
            return None
        if result is None or not inspect.isawaitable(result):
            return None
        return wait(result)

    return notify
