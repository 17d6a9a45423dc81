"""All reports in one pass over the rows, each of them whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Protocol, TypeVar

from ai_catalyst.analysis.reports.exports import CsvExport, JsonExport
from ai_catalyst.analysis.reports.html import HtmlReport
from ai_catalyst.analysis.reports.markdown import MarkdownReport
from ai_catalyst.analysis.reports.row import ReportRow
from ai_catalyst.analysis.reports.spool import Output, Spools
from ai_catalyst.analysis.reports.statistics import Statistics
from ai_catalyst.analysis.reports.summary import SummaryReport
from ai_catalyst.errors import FileError
from ai_catalyst.io.files import AtomicWriter

__all__ = ["REPORTS", "Report", "write_reports"]

_ROWS_A_HOP = 64

T = TypeVar("T")


class Report(Protocol):
    """One format: takes the rows in order, then the figures."""

    def add(self, row: ReportRow) -> None:
        """Take one source."""
        ...

    def finish(self, statistics: Statistics) -> None:
        """Write what is left."""
        ...


class ReportFormat(Protocol):
    """What makes a `Report` that writes to an output."""

    file_name: str

    def __call__(self, out: Output, spools: Spools, /) -> Report:
        """Begin a report."""
        ...


REPORTS: Sequence[ReportFormat] = (
    MarkdownReport,
    SummaryReport,
    JsonExport,
    CsvExport,
    HtmlReport,
)
"""The formats written by `write_reports`, in order."""


async def write_reports(
    rows: Callable[[], AsyncIterator[ReportRow]],
    folder: Path | str,
    formats: Sequence[ReportFormat] = REPORTS,
    *,
    keep: bool = False,
) -> list[Path]:
    """Write every report into `folder` and return their paths.

    `rows` yields the sources in the order they were named; one pass is made, and memory does not
    grow with their number. Equal rows give equal bytes. When `rows` raises, the disk is full or the
    caller is cancelled, no report is touched and nothing is left behind. Rendering and writing
    happen in a thread, 64 rows a hop. Raises `FileError` when the folder cannot be written. With
    `keep`, rows of which not one was understood do not take the place of reports that are there;
    then nothing is returned.
    """
    work = _ReportSet(Path(folder), formats)
    try:
        await _off_loop(work.begin)
        await _take_all(rows(), work)
        if keep and await _off_loop(work.would_say_less):
            await _off_loop(work.abandon)
            return []
        return await _off_loop(work.finish)
    except BaseException as error:
        # ExitStack hands the error to each AtomicWriter, which then removes its temporary file.
        await _off_loop(work.abandon, error)
        raise


class _ReportSet:
    """The open files of one call; every method blocks and runs in a thread, one at a time."""

    def __init__(self, folder: Path, formats: Sequence[ReportFormat]) -> None:
        self._folder = folder
        self._formats = formats
        self._stack = ExitStack()
        self._reports: list[Report] = []
        self._statistics = Statistics()

    def begin(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(
                f"cannot make the report folder {self._folder}: {error.strerror}",
                path=str(self._folder),
            ) from error
        for make in self._formats:
            out = self._stack.enter_context(AtomicWriter(self._folder / make.file_name))
            self._reports.append(make(out, Spools(self._stack, self._folder)))

    def add(self, rows: Sequence[ReportRow]) -> None:
        for row in rows:
            self._statistics.add(row)
            for report in self._reports:
                report.add(row)

    def finish(self) -> list[Path]:
        for report in self._reports:
            report.finish(self._statistics)
        self._stack.close()
        return [self._folder / make.file_name for make in self._formats]

    def would_say_less(self) -> bool:
        """Whether nothing was understood, and there are reports of a time when something was."""
        return not self._statistics.read and any(
            (self._folder / make.file_name).exists() for make in self._formats
        )

    def abandon(self, error: BaseException | None = None) -> None:
        error = error or InterruptedError()
        with suppress(BaseException):
            self._stack.__exit__(type(error), error, error.__traceback__)


async def _take_all(rows: AsyncIterator[ReportRow], work: _ReportSet) -> None:
    chunk: list[ReportRow] = []
    try:
        async for row in rows:
            chunk.append(row)
            if len(chunk) == _ROWS_A_HOP:
                await _off_loop(work.add, chunk)
                chunk = []
        await _off_loop(work.add, chunk)
    finally:
        # A generator left in the middle keeps its reader of the store open.
        close = getattr(rows, "aclose", None)
        if close is not None:
            await close()


async def _off_loop(work: Callable[..., T], *args: object) -> T:
    """Run `work` in a thread and see it end even when cancelled: its files are ours to close."""
    running = asyncio.get_running_loop().run_in_executor(None, work, *args)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        raise
