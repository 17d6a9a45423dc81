"""What runs in a worker: PDF files read page by page, each page sent on as soon as it is there.

So what was read before a crash is never lost, and the page that is missing is the guilty one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.readers.pdf_file import (
    MAX_PAGES,
    OpenPdf,
    metadata_of,
    open_pdf,
    outline_of,
)
from ai_catalyst.documents.readers.pdf_page import Page, read_page
from ai_catalyst.documents.readers.pdf_second import SecondOpinion
from ai_catalyst.errors import FileError
from ai_catalyst.pdf.model import PageText, Word
from ai_catalyst.pdf.source import MAX_BYTES

__all__ = [
    "Begun",
    "Done",
    "Event",
    "Failed",
    "Message",
    "Opened",
    "Task",
    "Terms",
    "Unread",
    "read_tasks",
]

Ocr = Literal["auto", "never", "always"]

_SNAPSHOT = 8 * 2**20
"""Up to this size a file is read at one go, and nobody can change it meanwhile."""
_OF_THE_PAGE = 0.9
"""How much of a page's time OCR may take, so that it ends before its worker is ended."""
_BUNDLE_S = 0.02
_BLANKS_ASKED = 3
"""Of how many pages with nothing on them pypdf is asked whether that is so."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is wanted of each file, and what it may cost.

    ``page_timeout_s`` is for a page, ``timeout_s`` for the whole file, both from the time a worker
    begins with it; OCR has ``page_timeout_s`` a page as well. ``places`` asks for layout and words.
    """

    places: bool = False
    passwords: tuple[str, ...] = ()
    ocr: Ocr = "never"
    ocr_languages: tuple[str, ...] = ()
    tables: bool = False
    page_timeout_s: float = 20.0
    timeout_s: float = 300.0
    max_bytes: int = MAX_BYTES
    max_pages: int = MAX_PAGES
    split_over: int = 200


@dataclass(frozen=True, slots=True)
class Task:
    """A file, or pages ``first`` to ``last`` of it (None: the last), and what is wanted of each.

    A file of more than ``terms.split_over`` pages is read to the end of the first of ``parts``.
    ``plain`` leaves form values out, ``second`` asks pypdf alone: for what killed a worker.
    """

    blob: Blob
    terms: Terms = Terms()
    first: int = 1
    last: int | None = None
    parts: int = 1
    plain: bool = False
    second: bool = False

    @property
    def password(self) -> str | None:
        """What pypdf tries first."""
        return next(iter(self.terms.passwords), None)


@dataclass(frozen=True, slots=True)
class Begun:
    """The worker has begun with a file."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file is open: its pages, and the last that will be read here."""

    pages: int
    last: int
    metadata: dict[str, Any] = field(default_factory=dict)
    outline: tuple[tuple[int, str, int | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """A page that nobody could read, and why."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A file that cannot be read at all."""

    error: FileError


@dataclass(frozen=True, slots=True)
class Done:
    """A file is read to the end."""


Event = Begun | Opened | PageText | Unread | Failed | Done
Message = tuple[tuple[int, tuple[Event, ...]], ...]
"""Each: the place of a task, and what became known of its file."""

_BEGUN: tuple[Event, ...] = (Begun(),)
_DONE = Done()


def read_tasks(tasks: Sequence[Task], bundled: bool = False) -> Iterator[Message]:
    """Read files one after another; a page that comes twice replaces the one that came before.

    ``bundled``, what was read in some milliseconds comes together: then who fails is not told from
    what came last.
    """
    yield ((0, _BEGUN),)
    waiting: list[tuple[int, tuple[Event, ...]]] = []
    since = time.monotonic()
    for index, task in enumerate(tasks):
        for events in _safely(task):
            waiting.append((index, events))
            if not bundled or time.monotonic() - since > _BUNDLE_S:
                yield tuple(waiting)
                waiting = []
                since = time.monotonic()
    if waiting:
        yield tuple(waiting)


def _safely(task: Task) -> Iterator[tuple[Event, ...]]:
    try:
        yield from _second(task) if task.second else _read(task)
    except FileError as error:
        yield (Failed(error),)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a parser may raise anything on a broken file
        yield (Failed(FileError(f"could not be parsed ({type(error).__name__})")),)


def _read(task: Task) -> Iterator[tuple[Event, ...]]:
    task = replace(task, blob=_snapshot(task.blob))
    opened = False
    try:
        with open_pdf(
            task.blob,
            forms=not task.plain,
            passwords=task.terms.passwords,
            max_pages=task.terms.max_pages,
        ) as file:
            opened = True
            yield from _opened(task, file)
    except FileError as error:
        if opened or error.kind != "malformed":
            raise
        yield from _instead(task, error)
    yield (_DONE,)


def _opened(task: Task, file: OpenPdf) -> Iterator[tuple[Event, ...]]:
    """Yield the pages of an open file: a page a message, and a small file as one."""
    first, last = _span(task, file.count)
    about = metadata_of(file.pdf) if first == 1 else {}
    held: tuple[Event, ...] = (
        Opened(file.count, last, about, outline_of(file.pdf) if first == 1 else ()),
    )
    if last > first:
        yield held
        held = ()
    weak: list[_Weak] = []
    for number in range(first, last + 1):
        yield (*held, _page(file, number, task, weak))
        held = ()
    yield from ((event,) for event in _again(task, file, weak, range(first, last + 1)))


def _snapshot(blob: Blob) -> Blob:
    if blob.data is not None or blob.path is None:
        return blob
    data = b""
    with blob.open() as file:
        while len(data) <= _SNAPSHOT and (piece := file.read(_SNAPSHOT + 1 - len(data))):
            data = data + piece if data else piece
    return Blob(blob.name, data=data) if len(data) <= _SNAPSHOT else blob


def _span(task: Task, count: int) -> tuple[int, int]:
    last = min(task.last or count, count)
    if task.last is None and task.first == 1 and count > task.terms.split_over and task.parts > 1:
        last = -(-count // task.parts)
    return task.first, last


class _Weak(NamedTuple):
    """A page without text: whether pypdf should be asked, and whether there is a picture of it."""

    number: int
    suspect: bool = True
    drawn: bool = False


def _page(file: OpenPdf, number: int, task: Task, weak: list[_Weak]) -> Event:
    """Read a page with pdfium; remember it when it should be looked at again."""
    try:
        page = read_page(file.pdf, file.form, number, places=task.terms.places)
    except FileError as error:
        weak.append(_Weak(number))
        return Unread(number, str(error))
    if not page.text.strip():
        weak.append(_Weak(number, page.suspect, not page.blank))
    return _text_of(page)


def _text_of(page: Page, source: str = "pdfium") -> PageText:
    return PageText(
        page.number,
        page.whole,
        page.whole_layout if page.layout else page.whole,
        page.width,
        page.height,
        tuple(Word(*word) for word in page.words),
        page.notes,
        page.fields,
        source=source,
    )


# Second looks, when every page has been sent: what fails here costs nothing.


def _again(task: Task, file: OpenPdf, weak: list[_Weak], numbers: range) -> Iterator[Event]:
    """Look again at pages without text: with pypdf, then by OCR; at all pages for tables."""
    second = SecondOpinion(task.blob, file.password)
    scans: list[int] = []
    blanks = 0
    for page in weak:
        blanks += not page.drawn
        ask = page.suspect and (page.drawn or blanks <= _BLANKS_ASKED)
        if ask and (text := second.text(page.number)):
            yield PageText(page.number, text, text, source="pypdf")
        elif page.drawn:
            scans.append(page.number)
    if task.terms.ocr != "never":
        for number in numbers if task.terms.ocr == "always" else scans:
            yield from _by_ocr(task, file, number)
    if task.terms.tables:
        yield from _tables(task, file, numbers)


def _by_ocr(task: Task, file: OpenPdf, number: int) -> Iterator[Event]:
    from ai_catalyst.documents.readers.pdf_ocr import ocr_available, ocr_page

    if task.terms.ocr == "auto" and not ocr_available():
        return
    try:
        page = ocr_page(
            file.pdf, number, task.terms.ocr_languages, task.terms.page_timeout_s * _OF_THE_PAGE
        )
    except FileError as error:
        yield Unread(number, str(error))
        return
    if page.text:
        yield _text_of(page, source="ocr")


def _tables(task: Task, file: OpenPdf, numbers: range) -> Iterator[Event]:
    from ai_catalyst.documents.readers.pdf_tables import tables_of

    for number, tables in tables_of(task.blob, numbers, file.password):
        if tables:
            yield PageText(number, "", "", tables=tables, source="tables")


# What pdfium cannot open.


def _instead(task: Task, error: FileError) -> Iterator[tuple[Event, ...]]:
    second = SecondOpinion(task.blob, task.password, most=MAX_PAGES)
    count = second.count()
    if not count:
        raise error
    yield from _all_by(second, task, count)


def _second(task: Task) -> Iterator[tuple[Event, ...]]:
    second = SecondOpinion(_snapshot(task.blob), task.password, most=MAX_PAGES)
    count = second.count()
    if not count:
        raise FileError("is a broken PDF file, or none")
    yield from _all_by(second, task, count)
    yield (_DONE,)


def _all_by(second: SecondOpinion, task: Task, count: int) -> Iterator[tuple[Event, ...]]:
    last = min(task.last or count, count)
    yield (Opened(count, last, second.metadata() if task.first == 1 else {}),)
    for number in range(task.first, last + 1):
        text = second.text(number)
        if text is None:
            yield (Unread(number, f"page {number} cannot be read"),)
        else:
            yield (PageText(number, text, text, source="pypdf"),)
