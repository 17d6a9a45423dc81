"""One PDF read to the end, whatever happens on the way.

A page that crashes, blocks or bursts its worker costs that page: those before it are there already,
those after it are read by another worker. Long files are read by several workers at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ai_catalyst.documents.parsing import named
from ai_catalyst.errors import (
    FileError,
    FileTimeout,
    WorkerCrashed,
    WorkerError,
    WorkerOutOfMemory,
    WorkerTimeout,
)
from ai_catalyst.pdf.desk import Desk, Seat
from ai_catalyst.pdf.model import OutcomeName, PageText
from ai_catalyst.pdf.pages import Event, Failed, Opened, Task, Terms, Unread
from ai_catalyst.pdf.source import PdfSource

__all__ = ["OnPage", "ReadPdf", "Terms", "read_pdf"]

OnPage = Callable[[str, int, int], "Awaitable[Any] | Any"]
"""Called with the file's name, how many pages are read, and how many there are."""

MOST_BAD = 3
"""After so many pages that killed their worker, the rest of a file is left."""
_MOST_LEGS = 16


@dataclass(slots=True)
class ReadPdf:
    """A file as read: its pages in order, ``count`` of them in the file, what it says of itself.

    ``outcome`` is OK, PARTIAL when pages are missing (``troubles`` says which and why), or NO_TEXT.
    ``outline`` holds level from 0, title, and page. ``attempts`` counts the workers it took.
    """

    name: str
    pages: list[PageText]
    count: int
    metadata: dict[str, Any] = field(default_factory=dict)
    outline: tuple[tuple[int, str, int | None], ...] = ()
    troubles: tuple[str, ...] = ()
    outcome: OutcomeName = "OK"
    attempts: int = 1

    @property
    def text(self) -> str:
        """The text of all pages in reading order."""
        return "\n\n".join(page.text for page in self.pages)


async def read_pdf(
    source: PdfSource, terms: Terms, desk: Desk, on_page: OnPage | None = None
) -> ReadPdf:
    """Read a file in worker processes.

    Raises `FileError` when nothing of it could be read: ``encrypted``, ``malformed``,
    ``too_large``, ``unsupported``, ``changed``, ``timeout`` (also a `FileTimeout`), ``crashed``,
    ``out_of_memory``.
    """
    return await _Reading(source, terms, desk, on_page).run()


class _Leg:
    """One stretch of a file, in one worker after another."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.opened: Opened | None = None
        self.next = task.first
        self.failed: FileError | None = None
        self.finished = False
        self.struck: WorkerError | None = None
        """The failure that this very task has met before."""

    @property
    def complete(self) -> bool:
        """Whether every page has been heard of; what fails after that costs nothing."""
        return self.opened is not None and self.next > self.opened.last


class _Reading:
    def __init__(self, source: PdfSource, terms: Terms, desk: Desk, on_page: OnPage | None) -> None:
        self._source = source
        self._terms = terms
        self._desk = desk
        self._on_page = on_page
        self._pages: dict[int, PageText] = {}
        self._unread: dict[int, FileError] = {}
        self._opened: Opened | None = None
        self._attempts = 0
        self._bad = 0
        self._left_s = terms.timeout_s
        self._changed: FileError | None = None

    async def run(self) -> ReadPdf:
        await self._walk(self._first_task())
        assert self._opened is not None
        first, count = self._opened.last, self._opened.pages
        if first < count:
            await self._rest(first, count)
        return self._result(count)

    def _first_task(self) -> Task:
        return Task(self._source.blob, self._terms, parts=self._desk.parts)

    async def _rest(self, read: int, count: int) -> None:
        """Read what is left of a long file, all parts at once."""
        parts = max(1, round(count / read) - 1)
        size = -(-(count - read) // parts)
        async with asyncio.TaskGroup() as group:
            for start in range(read + 1, count + 1, size):
                task = replace(
                    self._first_task(), first=start, last=min(start + size - 1, count), parts=1
                )
                group.create_task(self._part(task))
        if self._changed is not None:
            raise self._changed

    async def _part(self, task: Task) -> None:
        """Read one of several parts; its failure is not that of the others."""
        try:
            await self._walk(task)
        except FileError as error:
            self._unread[task.first] = error
            if error.kind == "changed":
                self._changed = error

    # -- one stretch ----------------------------------------------------------

    async def _walk(self, task: Task) -> None:
        """Read a stretch to its end, with another worker whenever one fails."""
        leg = _Leg(task)
        for _ in range(_MOST_LEGS):
            error = await self._go(leg)
            if leg.failed is not None and (leg.opened is None or leg.failed.kind == "changed"):
                raise named(leg.failed, self._source.name)
            if leg.complete:
                return
            following = self._skip(leg, leg.failed) if error is None else self._after(leg, error)
            if following is None:
                return
            leg = following

    async def _go(self, leg: _Leg) -> WorkerError | None:
        """Send a task to a worker; return the failure it met."""
        self._attempts += 1
        seat = Seat(
            leg.task,
            lambda events: self._take(leg, events),
            size=self._source.size or len(self._source.data or b""),
            page_timeout_s=min(self._terms.page_timeout_s, self._left_s),
            timeout_s=self._left_s,
        )
        try:
            await self._desk.do(seat)
        except WorkerError as error:
            if seat.deadline is not None:
                begun = seat.deadline - seat.timeout_s
                spent = asyncio.get_running_loop().time() - begun
                self._left_s = max(0.05, self._left_s - spent)
            return error
        return None

    def _take(self, leg: _Leg, events: tuple[Event, ...]) -> Awaitable[None] | None:
        """Take what a worker says; return what must be awaited for pages to be told."""
        told = False
        for event in events:
            if isinstance(event, PageText):
                told = self._keep(leg, event) or told
            elif isinstance(event, Opened):
                leg.opened = event
                if self._opened is None:
                    self._opened = event
            elif isinstance(event, Unread):
                if event.number not in self._pages:
                    self._unread[event.number] = FileError(event.why)
                leg.next = max(leg.next, event.number + 1)
            elif isinstance(event, Failed):
                leg.failed = event.error
        return self._tell() if told and self._on_page is not None else None

    def _keep(self, leg: _Leg, page: PageText) -> bool:
        """Keep a page, or what a second look found; tell whether it is new."""
        known = self._pages.get(page.number)
        if page.source == "tables":
            if known is not None:
                self._pages[page.number] = replace(known, tables=page.tables)
            return False
        self._pages[page.number] = page if known is None else _better(known, page)
        self._unread.pop(page.number, None)
        leg.next = max(leg.next, page.number + 1)
        return known is None

    def _tell(self) -> Awaitable[None] | None:
        assert self._on_page is not None
        pages = self._opened.pages if self._opened is not None else len(self._pages)
        pending: Awaitable[None] | None = self._on_page(self._source.name, len(self._pages), pages)
        return pending

    # -- after a failure ------------------------------------------------------

    def _after(self, leg: _Leg, error: WorkerError) -> _Leg | None:
        """Return how to go on, None when the rest is left; raises when nothing can be had.

        A crash is not believed at once: the worker may have been killed from outside. Then form
        values are left out, which crash pdfium on some files, and at last pypdf is asked.
        """
        crashed = isinstance(error, WorkerCrashed)
        task, last = leg.task, leg.opened.last if leg.opened is not None else leg.task.last
        if crashed and leg.struck is None:
            return self._again(leg, replace(task, first=leg.next, last=last), error)
        if leg.opened is None:
            if not crashed or task.second:
                raise self._named(error)
            return self._again(leg, replace(task, plain=True, second=task.plain), error)
        if leg.next == leg.task.first and crashed and not task.plain:
            return self._again(leg, replace(task, plain=True, last=last), error)
        return self._skip(leg, self._named(error, leg.next))

    def _skip(self, leg: _Leg, error: FileError | None) -> _Leg | None:
        """Leave out the page that failed; return the way to those after it."""
        assert leg.opened is not None
        self._unread[leg.next] = error or FileError(f"page {leg.next} cannot be read")
        self._bad += 1
        if leg.next >= leg.opened.last or self._bad >= MOST_BAD or self._left_s <= 0.1:
            return None
        return _Leg(replace(leg.task, first=leg.next + 1, last=leg.opened.last, plain=False))

    def _again(self, leg: _Leg, task: Task, error: WorkerError) -> _Leg:
        following = _Leg(task)
        following.struck = error
        return following

    def _named(self, error: WorkerError, number: int | None = None) -> FileError:
        """Return a worker's failure as the file's."""
        name = self._source.name
        what = f"{name}: page {number}" if number is not None else f"{name}:"
        if isinstance(error, WorkerTimeout):
            terms = self._terms
            limit = f"{terms.page_timeout_s:g} s a page, {terms.timeout_s:g} s in all"
            slow = FileTimeout(
                f"{what} takes longer to read than it may ({limit})", path=name, kind="timeout"
            )
            slow.__cause__ = error
            return slow
        kind, why = "crashed", "crashed the process that read it"
        if isinstance(error, WorkerOutOfMemory):
            kind, why = "out_of_memory", "needs more memory than a reading process may have"
        elif not isinstance(error, WorkerCrashed):
            why = f"could not be read ({error})"
        result = FileError(f"{what} {why}", path=name, kind=kind)
        result.__cause__ = error
        return result

    # -- the end --------------------------------------------------------------

    def _result(self, count: int) -> ReadPdf:
        """Put the pages in order. Raises the first failure when there is no text at all."""
        pages = [self._pages[number] for number in sorted(self._pages)]
        missing = [number for number in range(1, count + 1) if number not in self._pages]
        has_text = any(page.text.strip() or page.tables for page in pages)
        if missing and not has_text:
            first = self._unread.get(missing[0]) or FileError("none of its pages can be read")
            raise named(first, self._source.name)
        assert self._opened is not None
        return ReadPdf(
            self._source.name,
            pages,
            count,
            self._opened.metadata,
            self._opened.outline,
            _told(missing, self._unread, self._source.name),
            "PARTIAL" if missing else "OK" if has_text else "NO_TEXT",
            self._attempts,
        )


def _better(known: PageText, page: PageText) -> PageText:
    """Return the page with the text a second look found; form values and notes stay."""
    text = "\n".join(part for part in (page.text, known.text) if part)
    layout = "\n".join(part for part in (page.layout, known.layout) if part)
    return replace(
        known,
        text=text if page.source == "pypdf" else page.text,
        layout=layout if page.source == "pypdf" else page.layout,
        words=page.words or known.words,
        width=known.width or page.width,
        height=known.height or page.height,
        source=page.source,
    )


def _told(missing: list[int], unread: dict[int, FileError], name: str) -> tuple[str, ...]:
    """Return a line for each page that failed, and one for those never tried."""
    lines = [
        str(error).removeprefix(f"{name}: ")
        for number in missing
        if (error := unread.get(number)) is not None
    ]
    if left := [number for number in missing if number not in unread]:
        lines.append(f"{len(left)} pages from page {left[0]} on were not read")
    return tuple(lines)
