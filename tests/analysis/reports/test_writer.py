"""Claims about the reports as files."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import tracemalloc
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ai_catalyst.analysis import Analysis, ReportRow, safe_text, write_reports
from ai_catalyst.analysis.reports.exports import COLUMNS
from ai_catalyst.engine import LoopGuard
from ai_catalyst.errors import FileError

NAMES = [
    "article_analysis_report.md",
    "summary_report.md",
    "articles_export.json",
    "articles_export.csv",
    "report.html",
]


def analysed(position: int, **fields: object) -> ReportRow:
    analysis = Analysis(
        summary=f"Summary of {position}.",
        key_points=["A point.", "=cmd|' /C calc'!A0"],
        topics=["water", f"topic {position}"],
        entities={"people": ["Ada Example"], "places": [], "dates": ["2 May 2026"]},
        confidence=0.5,
        words=100,
        language="en",
    )
    values = {
        "uri": f"inbox/{position}.txt",
        "title": f"Title {position}",
        "kind": "text",
        "words": 100,
        "language": "en",
        "analysis": analysis,
        "personal": {"EMAIL": 2},
        **fields,
    }
    return ReportRow(position, **values)  # type: ignore[arg-type]


def failed(position: int, reason: str = "the file is encrypted") -> ReportRow:
    return ReportRow(position, f"inbox/{position}.pdf", error=reason)


def source(rows: Sequence[ReportRow], wait: bool = False) -> Callable[[], AsyncIterator[ReportRow]]:
    async def stream() -> AsyncIterator[ReportRow]:
        for row in rows:
            if wait:
                await asyncio.sleep(0)
            yield row

    return stream


def write(rows: Sequence[ReportRow], folder: Path) -> dict[str, str]:
    paths = asyncio.run(write_reports(source(rows), folder))
    assert [path.name for path in paths] == NAMES
    return {path.name: path.read_text("utf-8") for path in paths}


async def test_equal_rows_give_equal_bytes_however_they_come(tmp_path: Path) -> None:
    rows = [analysed(n) if n % 7 else failed(n) for n in range(1, 200)]
    await write_reports(source(rows), tmp_path / "a")
    await write_reports(source(rows, wait=True), tmp_path / "b")
    for name in NAMES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_every_source_is_in_every_report_in_order(tmp_path: Path) -> None:
    rows = [analysed(1), failed(2), analysed(3), failed(4, "no text"), analysed(5)]
    reports = write(rows, tmp_path)
    for name in NAMES[:2]:
        for row in rows:
            assert row.name in reports[name]
        assert reports[name].index("Title 1") < reports[name].index("Title 3")
        assert "the file is encrypted" in reports[name]
    exported = json.loads(reports["articles_export.json"])
    assert [item["position"] for item in exported] == [1, 2, 3, 4, 5]
    assert [item["success"] for item in exported] == [True, False, True, False, True]
    assert exported[3]["error"] == "no text"
    assert exported[0]["analysis"]["method"] == "extractive"
    table = list(csv.DictReader(reports["articles_export.csv"].splitlines()))
    assert [line["url"] for line in table] == [row.uri for row in rows]
    assert tuple(table[0]) == COLUMNS


def test_the_long_report_has_contents_that_lead_to_its_sections(tmp_path: Path) -> None:
    report = write([analysed(1, title="Oven & log: 9% less!"), failed(2), analysed(3)], tmp_path)[
        "article_analysis_report.md"
    ]
    anchors = re.findall(r"\]\(#([^)]+)\)", report)
    assert anchors == ["1-oven--log-9-less", "3-title-3"]
    headings = [token for token in MarkdownIt().parse(report) if token.type == "heading_open"]
    assert [token.tag for token in headings] == ["h1", "h2", "h2", "h2", "h3", "h3", "h2"]
    assert "personal data found | EMAIL (4)" in report


def test_reports_say_whether_a_model_was_asked(tmp_path: Path) -> None:
    plain = write([analysed(1)], tmp_path)
    for name in NAMES[:2]:
        assert "No language model was asked" in plain[name]
    assert "extractive (no model)" in plain[NAMES[0]]
    model = Analysis(summary="By a model.", method="tiny-1")
    mixed = write([analysed(1), analysed(2, analysis=model)], tmp_path)
    for name in NAMES[:2]:
        assert "1 document was analysed without a model" in mixed[name]
        assert "tiny-1" in mixed[name]
        assert "extractive (no model)" in mixed[name]
    asked = write([analysed(2, analysis=model)], tmp_path)
    for name in NAMES[:2]:
        assert "extractive" not in asked[name]


def test_a_reason_does_not_repeat_the_source_or_the_class(tmp_path: Path) -> None:
    row = failed(1, "FileError: inbox/1.pdf: is encrypted and needs a password")
    report = write([row], tmp_path)["summary_report.md"]
    assert "- 1\\. inbox/1.pdf: is encrypted and needs a password\n" in report


def test_no_source_at_all_is_still_a_valid_report(tmp_path: Path) -> None:
    reports = write([], tmp_path)
    assert json.loads(reports["articles_export.json"]) == []
    assert reports["articles_export.csv"].strip() == ",".join(COLUMNS)
    assert "No document could be analysed" in reports["summary_report.md"]


def test_a_mail_is_shown_with_its_sender_and_day_not_with_the_address(tmp_path: Path) -> None:
    mail = '"Dr. Ada Example" <ada@example.com>'
    rows = [analysed(1, author=mail, date="2026-05-11T09:12:44+02:00"), analysed(2, date="May")]
    report = write(rows, tmp_path)["article_analysis_report.md"]
    assert "· Dr. Ada Example · 2026-05-11  \n" in report
    assert "· May  \n" in report
    assert "ada@example.com" not in report


def test_a_partial_analysis_and_an_empty_text_are_told(tmp_path: Path) -> None:
    rows = [analysed(1, analysis=Analysis(partial=True, summary="Half.")), analysed(2)]
    rows.append(analysed(3, analysis=Analysis()))
    report = write(rows, tmp_path)["article_analysis_report.md"]
    assert "**partial**" in report
    assert "only partly analysed | 1" in report
    assert "There is no text to summarise" in report


WILD = st.text(max_size=30) | st.sampled_from(
    ["<b>x</b>", "![i](https://example.com/i.png)", "| a |", "\n# h\n", "=1", "\ud800", "\x1b[31m"]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(WILD, WILD, WILD), max_size=4))
def test_whatever_documents_hold_the_reports_are_inert(
    tmp_path_factory: pytest.TempPathFactory, wild: list[tuple[str, str, str]]
) -> None:
    rows = [
        ReportRow(
            number,
            uri,
            title=title,
            kind=text,
            author=text,
            analysis=Analysis(
                summary=text, key_points=[title, text], topics=[text], entities={"people": [title]}
            ),
            personal={text: 1},
        )
        for number, (uri, title, text) in enumerate(wild, 1)
    ]
    rows += [failed(len(rows) + 1, title) for _, title, _ in wild]
    reports = write(rows, tmp_path_factory.mktemp("wild"))
    for name in NAMES[:2]:
        for token in MarkdownIt("commonmark").enable("table").parse(reports[name]):
            for child in [token, *(token.children or ())]:
                assert child.type not in {"html_inline", "html_block", "image", "fence"}
                if child.type == "link_open":
                    assert str(child.attrGet("href")).startswith(("#", "http://", "https://"))
    exported = json.loads(reports["articles_export.json"])
    assert len(exported) == len(rows)
    lines = list(csv.reader(reports["articles_export.csv"].splitlines()))
    assert {len(line) for line in lines} == {len(COLUMNS)}
    assert len(lines) == len(rows) + 1
    for item, row in zip(exported, rows, strict=True):
        assert safe_text(item["title"]) == safe_text(row.title)


async def test_when_the_rows_fail_no_report_is_touched(tmp_path: Path) -> None:
    await write_reports(source([analysed(1)]), tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in NAMES}

    async def broken() -> AsyncIterator[ReportRow]:
        for number in range(1, 200):
            yield analysed(number)
        raise RuntimeError("the store is gone")

    with pytest.raises(RuntimeError, match="the store is gone"):
        await write_reports(broken, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


async def test_rows_that_say_nothing_do_not_take_the_place_of_good_reports(tmp_path: Path) -> None:
    failed = ReportRow(position=1, uri="gone.txt", error="FileMissing: gone.txt")
    first = await write_reports(source([failed]), tmp_path, keep=True)
    assert sorted(path.name for path in first) == sorted(NAMES), "there was nothing to keep"
    await write_reports(source([analysed(1)]), tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in NAMES}
    assert await write_reports(source([failed]), tmp_path, keep=True) == []
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert len(await write_reports(source([analysed(1), failed]), tmp_path, keep=True)) == 5
    assert len(await write_reports(source([failed]), tmp_path)) == 5


async def test_when_a_format_fails_at_the_end_no_report_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ai_catalyst.analysis.reports.exports.JsonExport.finish", full)
    with pytest.raises(OSError, match="No space"):
        await write_reports(source([analysed(1)]), tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_when_the_caller_is_cancelled_nothing_is_left_behind(tmp_path: Path) -> None:
    begun = asyncio.Event()
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[ReportRow]:
        try:
            for number in range(1, 70):
                yield analysed(number)
            begun.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    task = asyncio.create_task(write_reports(endless, tmp_path))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed.is_set()
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_is_a_file_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match="file"):
        await write_reports(source([analysed(1)]), tmp_path / "file")


async def test_rendering_does_not_hold_the_loop(tmp_path: Path) -> None:
    rows = [analysed(number) for number in range(1, 1_500)]
    with LoopGuard(0.05) as guard:
        await write_reports(source(rows), tmp_path)
    assert guard.stalls == []


def test_a_report_holds_no_clock_or_place_of_this_machine(tmp_path: Path) -> None:
    reports = write([analysed(1)], tmp_path)
    for text in reports.values():
        assert str(tmp_path) not in text
        assert not re.search(r"\b20\d\d-\d\d-\d\d[T ]\d\d:", text)


def test_memory_does_not_grow_with_the_number_of_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai_catalyst.analysis.reports.spool._IN_MEMORY", 10_000)

    long = Analysis(summary="A long story. " * 1_000)

    def peak(count: int) -> int:
        async def stream() -> AsyncIterator[ReportRow]:
            for number in range(1, count):
                yield analysed(number, analysis=long)

        tracemalloc.start()
        asyncio.run(write_reports(stream, tmp_path))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(70)
    # The longer one is three megabytes longer.
    assert peak(300) < peak(100) + 200_000
