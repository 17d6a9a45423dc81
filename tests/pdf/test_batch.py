from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from benchmarks.pdf.injected import read_with_faults
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_journal import MemoryJournal
from pdf_files import Letters, pages, pdf

from ai_catalyst.engine import ProgressEvent, ProgressEventType, WorkerPool
from ai_catalyst.errors import UserError
from ai_catalyst.pdf import (
    AsyncBatchProcessor,
    AsyncPDFProcessor,
    BatchProcessor,
    BatchResult,
    Evidence,
    Extraction,
    ExtractionRepository,
    TextExtractor,
)
from ai_catalyst.pdf.auto import Gauge, Load, overloaded
from ai_catalyst.pdf.result import from_plain, to_plain

STARTED, COMPLETED = ProgressEventType.FILE_STARTED, ProgressEventType.FILE_COMPLETED


class Sleeper:
    """Somebody else's processor: takes its time, fails where it is told to."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.running = self.most = 0
        self.order: list[str] = []

    async def process_file(
        self, file: Any, extractor: Any, fields: Any, method: str
    ) -> BatchResult:
        self.running += 1
        self.most = max(self.most, self.running)
        self.order.append(file)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.running -= 1
        if file.startswith("raise"):
            raise RuntimeError("boom")
        good = not file.startswith("bad")
        return BatchResult(file, good, {"file": file}, None if good else "no", pages=1)


def events_of(told: list[ProgressEvent], kind: ProgressEventType) -> list[str | None]:
    return [event.file_name for event in told if event.event_type is kind]


async def test_results_come_in_the_order_of_the_files() -> None:
    class Backwards(Sleeper):
        async def process_file(self, file: Any, *rest: Any) -> BatchResult:
            await asyncio.sleep((9 - int(file)) / 100)
            return BatchResult(file, True)

    batch = AsyncBatchProcessor(Backwards(), 10)
    names = [str(number) for number in range(10)]
    assert [each.file_name for each in await batch.process_batch(names)] == names
    streamed = [each.file_name async for each in batch.stream_batch(names)]
    assert sorted(streamed) == names
    assert streamed[0] == "9"


@pytest.mark.parametrize("limit", [1, 3, 5])
async def test_no_more_files_than_allowed_are_worked_on_at_once(limit: int) -> None:
    sleeper = Sleeper(0.01)
    await AsyncBatchProcessor(sleeper, limit).process_batch([str(n) for n in range(20)])
    assert sleeper.most == limit


async def test_our_processor_extracts_no_more_than_allowed_at_once() -> None:
    class Busy:
        running = most = 0

        async def extract_pages(self, pages: Any, fields: Any) -> Extraction:
            Busy.running += 1
            Busy.most = max(Busy.most, Busy.running)
            await asyncio.sleep(0.01)
            Busy.running -= 1
            return Extraction({})

    batch = AsyncBatchProcessor(AsyncPDFProcessor(), 3)
    await batch.process_batch([(f"{n}.pdf", pages(1)) for n in range(20)], Busy())
    assert Busy.most == 3


async def test_every_file_has_its_result_and_the_counts_add_up() -> None:
    batch = AsyncBatchProcessor(Sleeper(), 4)
    names = ["good", "bad", "raise", "good too"]
    results = await batch.process_batch(names)
    assert [result.success for result in results] == [True, False, False, True]
    assert [result.file_name for result in results] == names
    assert "boom" in (results[2].error or "")
    stats = batch.stats()
    assert (stats["total"], stats["succeeded"], stats["failed"]) == (4, 2, 2)
    assert sum(stats["outcomes"].values()) == 4


@given(st.lists(st.sampled_from(["good", "bad", "raise"]), max_size=30), st.integers(1, 9))
@settings(max_examples=25)
async def test_each_input_has_exactly_one_result(names: list[str], limit: int) -> None:
    batch = AsyncBatchProcessor(Sleeper(), limit)
    results = await batch.process_batch(names)
    assert [(each.file_name, each.success) for each in results] == [
        (name, name == "good") for name in names
    ]
    assert batch.stats()["total"] == len(names)


async def test_five_kinds_of_events_are_told_and_files_are_counted() -> None:
    told: list[ProgressEvent] = []
    batch = AsyncBatchProcessor(Sleeper(), 2, told.append)
    await batch.process_batch(["a", "bad", "c"])
    assert told[0].event_type is ProgressEventType.BATCH_STARTED
    assert told[-1].event_type is ProgressEventType.BATCH_COMPLETED
    assert sorted(map(str, events_of(told, STARTED))) == ["a", "bad", "c"]
    assert sorted(map(str, events_of(told, COMPLETED))) == ["a", "c"]
    (failed,) = [event for event in told if event.event_type is ProgressEventType.FILE_FAILED]
    assert (failed.file_name, failed.error) == ("bad", "no")
    finished = [e.current_file for e in told if e.event_type in {COMPLETED, failed.event_type}]
    assert finished == [1, 2, 3]
    assert {event.total_files for event in told} == {3}


async def test_the_total_is_unknown_when_the_input_has_no_length() -> None:
    async def endless() -> AsyncIterator[str]:
        for number in range(3):
            yield str(number)

    told: list[ProgressEvent] = []
    results = await AsyncBatchProcessor(Sleeper(), 2, told.append).process_batch(endless())
    assert len(results) == 3
    assert {event.total_files for event in told} == {None}


async def test_callbacks_may_be_coroutines_and_may_raise() -> None:
    heard: list[tuple[str, int, int]] = []

    async def on_event(event: ProgressEvent) -> None:
        await asyncio.sleep(0)
        raise RuntimeError("not our fault")

    async def on_page(name: str, page: int, count: int) -> None:
        await asyncio.sleep(0)
        heard.append((name, page, count))
        raise RuntimeError("nor this")

    batch = AsyncBatchProcessor(AsyncPDFProcessor(), 2, on_event, on_page=on_page)
    results = await batch.process_batch([("a.pdf", pages(3)), ("b.pdf", pages(2))], Letters())
    assert all(result.success for result in results)
    assert [each for each in heard if each[0] == "a.pdf"] == [("a.pdf", n, 3) for n in (1, 2, 3)]
    assert [each for each in heard if each[0] == "b.pdf"] == [("b.pdf", n, 2) for n in (1, 2)]


async def test_a_file_starts_once_and_before_it_ends() -> None:
    told: list[ProgressEvent] = []
    files = [(f"{n}.pdf", pages(2) if n % 3 else b"broken") for n in range(12)]
    await AsyncBatchProcessor(AsyncPDFProcessor(), 3, told.append).process_batch(files, Letters())
    started = events_of(told, STARTED)
    assert sorted(map(str, started)) == sorted(name for name, _ in files)
    for name, _ in files:
        own = [event.event_type for event in told if event.file_name == name]
        assert own[0] is STARTED
        assert len(own) == 2


async def test_the_lowest_priority_number_goes_first() -> None:
    sleeper = Sleeper(0.001)
    batch = AsyncBatchProcessor(sleeper, 1, priority=lambda file: -int(file))
    results = await batch.process_batch(["1", "3", "2"])
    assert sleeper.order == ["3", "2", "1"]
    assert [result.file_name for result in results] == ["1", "3", "2"]


async def test_a_reader_may_leave_early() -> None:
    sleeper = Sleeper(0.01)
    results = AsyncBatchProcessor(sleeper, 2).stream_batch([str(n) for n in range(100)])
    async for _ in results:
        break
    await results.aclose()  # type: ignore[attr-defined]
    assert sleeper.running == 0
    assert len(sleeper.order) < 10


async def test_a_cancelled_batch_still_has_a_result_for_each_file() -> None:
    batch = AsyncBatchProcessor(Sleeper(5), 2)
    waiting = asyncio.ensure_future(batch.process_batch([str(n) for n in range(6)]))
    await asyncio.sleep(0.05)
    batch.cancel()
    results = await asyncio.wait_for(waiting, 4)
    assert [result.outcome for result in results] == ["CANCELLED"] * 6
    assert not any(result.success for result in results)


async def test_cancelling_the_caller_passes_through() -> None:
    batch = AsyncBatchProcessor(Sleeper(5), 2)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(batch.process_batch(["a", "b"]), 0.05)


async def test_only_the_guilty_file_of_a_batch_is_lost() -> None:
    async with WorkerPool(2, memory_bytes=2**30) as pool:
        reader = TextExtractor(pool=pool, read=read_with_faults, ocr="never", page_timeout_s=3)
        names = [f"{number}.pdf" for number in range(24)]
        names[3], names[8], names[14], names[19] = (
            "segv@1.pdf",
            "hang@1.pdf",
            "alloc@1.pdf",
            "kill@1.pdf",
        )
        names[20] = "segv@2.pdf"
        batch = AsyncBatchProcessor(AsyncPDFProcessor(text_extractor=reader), 5)
        files = [(name, pages(3 if name == "segv@2.pdf" else 1)) for name in names]
        results = await batch.process_batch(files, Letters(), ["first"])
    assert [result.file_name for result in results] == names
    outcomes = {r.file_name: r.outcome for r in results if r.outcome != "OK"}
    assert outcomes == {
        "segv@1.pdf": "CRASHED",
        "hang@1.pdf": "TIMEOUT",
        "alloc@1.pdf": "OUT_OF_MEMORY",
        "kill@1.pdf": "CRASHED",
        "segv@2.pdf": "PARTIAL",
    }
    partial = results[20]
    assert (partial.success, partial.pages) == (True, 3)
    assert "page 2" in (partial.error or "")


async def test_what_was_done_is_not_done_again() -> None:
    journal = MemoryJournal()
    extractor = Letters()
    same = pages(1)
    files = [("a.pdf", same), ("b.pdf", pages(2)), ("copy of a.pdf", same), ("bad.pdf", b"%PDF-")]

    async def go(fields: Any = ("first",)) -> tuple[list[BatchResult], dict[str, Any]]:
        batch = AsyncBatchProcessor(AsyncPDFProcessor(), 2, journal=journal)  # type: ignore[arg-type]
        return await batch.process_batch(files, extractor, list(fields)), batch.stats()

    first, stats = await go()
    assert [result.success for result in first] == [True, True, True, False]
    assert [result.file_name for result in first] == [name for name, _ in files]
    again, stats = await go()
    assert stats["resumed"] == 3
    assert [(r.file_name, r.data, r.evidence) for r in again] == [
        (r.file_name, r.data, r.evidence) for r in first
    ]
    _, stats = await go(["first", "letters"])  # other options: another result
    assert stats["resumed"] == 1  # the copy


async def test_a_repository_brings_its_journal(tmp_path: Path) -> None:
    files = [(f"{n}.pdf", pages(n + 1)) for n in range(4)]
    async with ExtractionRepository(tmp_path / "kept.db") as repository:
        ids = []
        for resumed in (0, 4):
            batch = AsyncBatchProcessor(AsyncPDFProcessor(repository), 2)
            results = await batch.process_batch(files, Letters(), ["first"])
            ids.append([result.db_id for result in results])
            assert batch.stats()["resumed"] == resumed
        assert ids[0] == ids[1]
        assert len(set(ids[0])) == 4
        assert await repository.count() == 4


def test_a_result_survives_being_kept() -> None:
    evidence = {"total": Evidence(1, "12,50", (1.0, 2.0, 3.0, 4.0), 0.9, "label")}
    data = {"total": Decimal("12.50"), "date": dt.date(2026, 3, 1), "lines": [{"n": 1}]}
    result = BatchResult("a.pdf", True, data, evidence=evidence, pages=2)
    assert from_plain(to_plain(result)) == result


async def test_a_file_that_vanishes_costs_itself_alone(tmp_path: Path) -> None:
    files = [tmp_path / f"{n}.pdf" for n in range(3)]
    for file in files:
        file.write_bytes(pages(1))
    files[1].unlink()
    batch = AsyncBatchProcessor(AsyncPDFProcessor(), journal=MemoryJournal())  # type: ignore[arg-type]
    results = await batch.process_batch(files, Letters(), ["first"])
    assert [result.outcome for result in results] == ["OK", "UNSUPPORTED", "OK"]
    assert "there is no such file" in (results[1].error or "")


async def test_two_files_of_one_name_are_two(tmp_path: Path) -> None:
    for folder, text in (("a", "first"), ("b", "second")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.pdf").write_bytes(pdf([text]))
    files = [tmp_path / "a" / "same.pdf", tmp_path / "b" / "same.pdf"]
    results = await AsyncBatchProcessor(AsyncPDFProcessor()).process_batch(files, Letters(), ["x"])
    assert [result.file_name for result in results] == ["same.pdf", "same.pdf"]
    assert [result.data["first"] for result in results] == ["first", "second"]


async def test_auto_finds_its_own_concurrency() -> None:
    batch = AsyncBatchProcessor(Sleeper(0.001), "auto")
    results = await batch.process_batch([str(n) for n in range(200)])
    assert all(result.success for result in results)
    assert batch.stats()["concurrency"] >= 1


@pytest.mark.parametrize(
    ("load", "limit", "answer"),
    [
        (Load(busy=0.5, free=0.5), 32, False),
        (Load(busy=1.0, free=0.5), 32, True),
        (Load(busy=1.0, free=0.5), 4, False),
        (Load(busy=0.1, free=0.05), 2, True),
    ],
)
def test_auto_gives_way_to_what_the_machine_says(load: Load, limit: int, answer: bool) -> None:
    assert overloaded(load, limit, processors=2) is answer


def test_the_gauge_reads_this_machine() -> None:
    gauge = Gauge()
    time.sleep(0.05)
    load = gauge.look()
    assert 0 <= load.busy <= 1
    assert 0 < load.free <= 1


def test_the_sync_original_gives_a_dict_a_file() -> None:
    processor = BatchProcessor(AsyncPDFProcessor())
    files = [("a.pdf", pages(1)), ("bad.pdf", b"%PDF-1.7")]
    good, bad = processor.process_batch(files, Letters(), ["first"])
    assert good["file"] == "a.pdf"
    assert good["result"]["first"] == "Page 1 of the book"
    assert good["db_id"] is None
    assert set(bad) == {"file", "error"}
    assert bad["error"].startswith("bad.pdf: ")


@pytest.mark.parametrize("wrong", [0, -1, "many", None, 2.5])
def test_a_wrong_concurrency_is_refused(wrong: Any) -> None:
    with pytest.raises(UserError, match="max_concurrent"):
        AsyncBatchProcessor(Sleeper(), wrong)


async def test_wrong_use_is_refused_before_anything_is_read() -> None:
    with pytest.raises(UserError, match="method"):
        await AsyncBatchProcessor(Sleeper()).process_batch(["a"], None, None, "magic")
    with pytest.raises(UserError, match="process_file"):
        AsyncBatchProcessor(object())
