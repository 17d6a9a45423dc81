"""A document's way through the house, with a real store and an analyst of the test's own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from ai_catalyst.analysis import Analysis
from ai_catalyst.analysis.pipeline import Pipeline, RunSummary, Source
from ai_catalyst.analysis.reports import REPORTS
from ai_catalyst.documents.sources import BadSource
from ai_catalyst.errors import FileError, ProcessingError
from ai_catalyst.model import Document
from ai_catalyst.store import Store


class Reader:
    """An analyst that notes what it read, and stumbles over the word "stone"."""

    name = "reader"

    def __init__(self, option: bytes = b"") -> None:
        self.option = option
        self.read: list[str] = []

    def digest(self) -> bytes:
        return self.option

    async def analyse(self, document: Document) -> Analysis:
        self.read.append(document.uri)
        if "stone" in document.text:
            raise ProcessingError("stumbled over a stone")
        return Analysis(summary=document.text.upper(), words=len(document.text.split()))


async def stream(sources: Sequence[Source]) -> AsyncIterator[Source]:
    for source in sources:
        yield source


async def go(
    store: Store, sources: Sequence[Source], output: Path, reader: Reader, *, refresh: bool = False
) -> RunSummary:
    pipeline = Pipeline(reader, store, refresh=refresh)
    run = await store.start_run("test", options=pipeline.options)
    return await pipeline.run(run, stream(sources), output=output)


def exported(output: Path) -> list[dict[str, object]]:
    return list(json.loads((output / "articles_export.json").read_text()))


A = Document("a.txt", "The tide rose in the morning.", "Tide")
B = Document("b.txt", "Jane called 555-0134 at noon.", "Call")
STONE = Document("stone.txt", "There is a stone here.")
BAD = BadSource("bad.pdf", FileError("bad.pdf is encrypted"), "pdf")


async def test_every_named_source_has_its_row_in_source_order(tmp_path: Path) -> None:
    async with Store(tmp_path / "s.db") as store:
        summary = await go(store, [A, BAD, STONE, B], tmp_path / "out", Reader())
    rows = exported(tmp_path / "out")
    assert [row["url"] for row in rows] == ["a.txt", "bad.pdf", "stone.txt", "b.txt"]
    assert [row["error"] is None for row in rows] == [True, False, False, True]
    assert "encrypted" in str(rows[1]["error"])
    assert "stumbled over a stone" in str(rows[2]["error"])
    assert (summary.done, summary.unchanged, summary.failed) == (2, 0, 2)


async def test_what_is_done_is_not_read_again_and_what_failed_is(tmp_path: Path) -> None:
    reader = Reader()
    async with Store(tmp_path / "s.db") as store:
        await go(store, [A, STONE, B], tmp_path / "out", reader)
        first = (tmp_path / "out" / "articles_export.json").read_bytes()
        reader.read.clear()
        summary = await go(store, [A, STONE, B], tmp_path / "out", reader)
    assert reader.read == ["stone.txt"]
    assert (summary.done, summary.unchanged, summary.failed) == (0, 2, 1)
    assert (tmp_path / "out" / "articles_export.json").read_bytes() == first


async def test_a_refresh_reads_everything_again(tmp_path: Path) -> None:
    reader = Reader()
    async with Store(tmp_path / "s.db") as store:
        await go(store, [A, B], tmp_path / "out", reader)
        summary = await go(store, [A, B], tmp_path / "out", reader, refresh=True)
    assert sorted(reader.read) == ["a.txt", "a.txt", "b.txt", "b.txt"]
    assert summary.done == 2


async def test_an_option_that_changes_the_result_asks_anew(tmp_path: Path) -> None:
    async with Store(tmp_path / "s.db") as store:
        await go(store, [A], tmp_path / "out", Reader(b"short"))
        other = Reader(b"long")
        summary = await go(store, [A], tmp_path / "out", other)
    assert other.read == ["a.txt"]
    assert summary.done == 1


async def test_equal_documents_are_analysed_once_and_each_has_its_row(tmp_path: Path) -> None:
    twin = Document("copy/of-a.txt", A.text, A.title)
    reader = Reader()
    async with Store(tmp_path / "s.db") as store:
        summary = await go(store, [A, twin, B], tmp_path / "out", reader)
    assert len(reader.read) == 2
    assert (summary.done, summary.unchanged) == (3, 0)
    rows = exported(tmp_path / "out")
    assert [row["url"] for row in rows] == ["a.txt", "copy/of-a.txt", "b.txt"]
    assert all(row["error"] is None for row in rows)


async def test_personal_data_is_counted_by_kind_never_quoted(tmp_path: Path) -> None:
    async with Store(tmp_path / "s.db") as store:
        summary = await go(store, [A, B], tmp_path / "out", Reader())
    assert summary.personal["PHONE"] == 1
    assert summary.personal["NAME"] == 1


async def test_an_empty_stream_still_leaves_its_reports(tmp_path: Path) -> None:
    async with Store(tmp_path / "s.db") as store:
        summary = await go(store, [], tmp_path / "out", Reader())
    assert summary.documents == 0
    assert len(summary.reports) == len(REPORTS)
