"""The listener: what is told, in which words, and how many have ended."""

from __future__ import annotations

from ai_catalyst.engine import Outcome, ProgressEvent, ProgressEventType
from ai_catalyst.engine.listener import Listener


async def test_it_tells_what_became_of_each_item_and_counts() -> None:
    heard: list[ProgressEvent] = []
    listener: Listener[int] = Listener(heard.append, "item {}".format, 2)
    await listener.begin_all()
    assert listener.begin(7) is None
    assert listener.end(Outcome(0, 7, "value")) is None
    assert listener.end(Outcome(1, 8, None, ValueError("broken"))) is None
    assert listener.end(Outcome(1, 8, None, ValueError())) is None
    await listener.end_all()
    kinds = ProgressEventType
    assert heard == [
        ProgressEvent(kinds.BATCH_STARTED, None, 0, 2),
        ProgressEvent(kinds.FILE_STARTED, "item 7", 0, 2),
        ProgressEvent(kinds.FILE_COMPLETED, "item 7", 1, 2),
        ProgressEvent(kinds.FILE_FAILED, "item 8", 2, 2, "", "broken"),
        ProgressEvent(kinds.FILE_FAILED, "item 8", 3, 2, "", "ValueError"),
        ProgressEvent(kinds.BATCH_COMPLETED, None, 3, 2),
    ]


async def test_a_coroutine_callback_is_there_to_be_awaited() -> None:
    heard: list[ProgressEventType] = []

    async def callback(event: ProgressEvent) -> None:
        heard.append(event.event_type)

    listener: Listener[int] = Listener(callback, str, None)
    await listener.begin_all()
    assert heard == [ProgressEventType.BATCH_STARTED]
    pending = listener.end(Outcome(0, 7, "value"))
    assert pending is not None
    await pending
    assert heard[-1] is ProgressEventType.FILE_COMPLETED
