"""Who listens to a batch: events made, counted and told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from ai_catalyst.engine.events import (
    ProgressCallback,
    ProgressEvent,
    ProgressEventType,
    notifier,
)
from ai_catalyst.engine.outcome import Outcome

__all__ = ["Listener"]

T = TypeVar("T")

_BATCH_STARTED = ProgressEventType.BATCH_STARTED
_BATCH_COMPLETED = ProgressEventType.BATCH_COMPLETED
_STARTED = ProgressEventType.FILE_STARTED
_COMPLETED = ProgressEventType.FILE_COMPLETED
_FAILED = ProgressEventType.FILE_FAILED

Pending = Awaitable[None] | None
"""What must be awaited for an event to be told: nothing, when the callback is a plain function."""


class Listener(Generic[T]):
    """Tells a caller's callback of the batch and of its items, and counts those that ended."""

    def __init__(
        self, callback: ProgressCallback, name: Callable[[T], str], total: int | None
    ) -> None:
        """Call items by ``name``; ``total`` is their number, where that is known."""
        self._notify = notifier(callback)
        self._name = name
        self._total = total
        self._finished = 0

    async def begin_all(self) -> None:
        """Tell that the batch begins."""
        await _wait(self._tell(_BATCH_STARTED))

    async def end_all(self) -> None:
        """Tell that all items have ended."""
        await _wait(self._tell(_BATCH_COMPLETED))

    def begin(self, item: T) -> Pending:
        """Tell that work on an item begins."""
        return self._tell(_STARTED, self._name(item))

    def end(self, outcome: Outcome[T, Any]) -> Pending:
        """Tell what became of an item."""
        self._finished += 1
        error = outcome.error
        if error is None:
            return self._tell(_COMPLETED, self._name(outcome.item))
        return self._tell(_FAILED, self._name(outcome.item), str(error) or type(error).__name__)

    def _tell(
        self, kind: ProgressEventType, name: str | None = None, error: str | None = None
    ) -> Pending:
        event = ProgressEvent(kind, name, self._finished, self._total, "", error)
        return self._notify(event)


async def _wait(pending: Pending) -> None:
    if pending is not None:
        await pending
