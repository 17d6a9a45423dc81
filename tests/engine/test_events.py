"""Events: told exactly, and a callback that misbehaves harms nothing."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ai_catalyst.engine import ProgressEvent, ProgressEventType
from ai_catalyst.engine.events import notifier

EVENT = ProgressEvent(ProgressEventType.FILE_COMPLETED, "a.pdf", 1, 2)


def test_there_are_exactly_five_types() -> None:
    assert [kind.name for kind in ProgressEventType] == [
        "BATCH_STARTED",
        "FILE_STARTED",
        "FILE_COMPLETED",
        "FILE_FAILED",
        "BATCH_COMPLETED",
    ]


def test_a_plain_callback_hears_at_once_and_nothing_needs_awaiting() -> None:
    heard: list[ProgressEvent] = []
    assert notifier(heard.append)(EVENT) is None
    assert heard == [EVENT]


def test_what_a_plain_callback_returns_is_ignored() -> None:
    assert notifier(lambda event: "thanks")(EVENT) is None


async def test_a_coroutine_callback_is_awaited() -> None:
    heard: list[ProgressEvent] = []

    async def callback(event: ProgressEvent) -> None:
        await asyncio.sleep(0)
        heard.append(event)

    pending = notifier(callback)(EVENT)
    assert pending is not None
    await pending
    assert heard == [EVENT]


@pytest.mark.parametrize("error", [ValueError("jane@example.com"), asyncio.CancelledError()])
@pytest.mark.parametrize("kind", ["plain", "coroutine"])
async def test_a_callback_that_raises_is_logged_once_without_its_text(
    kind: str, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def plain(event: ProgressEvent) -> None:
        raise error

    async def coroutine(event: ProgressEvent) -> None:
        raise error

    notify = notifier(plain if kind == "plain" else coroutine)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            if (pending := notify(EVENT)) is not None:
                await pending
    assert len(caplog.records) == 1
    assert type(error).__name__ in caplog.text
    assert "jane" not in caplog.text


async def test_the_cancellation_of_who_waits_passes_through() -> None:
    async def callback(event: ProgressEvent) -> None:
        await asyncio.sleep(60)

    async def tell() -> None:
        pending = notifier(callback)(EVENT)
        assert pending is not None
        await pending

    task = asyncio.create_task(tell())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
