"""`StreamlitBatchProcessor`: a sync batch for a Streamlit script, which draws its progress."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from queue import Empty, SimpleQueue
from typing import Any

from ai_catalyst.engine.background import Job, background
from ai_catalyst.engine.events import ProgressEvent, ProgressEventType
from ai_catalyst.errors import UserError
from ai_catalyst.pdf.batch import AsyncBatchProcessor
from ai_catalyst.pdf.result import BatchResult
from ai_catalyst.pdf.sync import as_dict

__all__ = ["StreamlitBatchProcessor"]

_EVERY_S = 0.1
"""How often the picture is drawn anew at the most."""
_ENDS = {ProgressEventType.FILE_COMPLETED, ProgressEventType.FILE_FAILED}


class StreamlitBatchProcessor:
    """Processes files while a bar on the page shows how far it is, by files and pages.

    ``pdf_processor`` is an `AsyncPDFProcessor` or any object with ``process_file``. The work runs
    on a background loop; only the script's own thread draws. Outside a Streamlit script nothing is
    drawn. When somebody leaves or reruns the page, the work is cancelled.
    """

    def __init__(self, pdf_processor: Any, max_concurrent: int = 5) -> None:
        """Take the processor. Raises `UserError` when Streamlit is not installed."""
        if find_spec("streamlit") is None:
            raise UserError(
                "StreamlitBatchProcessor needs the extra `pdf-app`: pip install '.[pdf-app]'"
            )
        self.pdf_processor = pdf_processor
        self.max_concurrent = max_concurrent

    def process_batch(
        self,
        files: Iterable[Any],
        extractor: Any = None,
        fields: Any = None,
        method: str = "classic",
    ) -> list[dict[str, Any]]:
        """Return one dict a file: ``{"file", "result", "db_id"}``, or ``{"file", "error"}``.

        Raises `UserError` for a method or fields that cannot be.
        """
        files = list(files)
        told: SimpleQueue[ProgressEvent | _Page] = SimpleQueue()

        def on_page(file_name: str, page: int, pages: int) -> None:
            told.put(_Page(file_name, page, pages))

        processor = getattr(self.pdf_processor, "asynchronous", self.pdf_processor)
        batch = AsyncBatchProcessor(processor, self.max_concurrent, told.put, on_page=on_page)
        picture = _Picture(len(files))
        work = Job(background(), batch.process_batch(files, extractor, fields, method))
        results = _wait(work, told, picture)
        return [as_dict(file, result) for file, result in zip(files, results, strict=True)]


@dataclass(frozen=True, slots=True)
class _Page:
    file_name: str
    page: int
    pages: int


def _wait(
    work: Job[list[BatchResult]],
    told: SimpleQueue[ProgressEvent | _Page],
    picture: _Picture,
) -> list[BatchResult]:
    """Draw until the work has ended; leaving early, as a rerun does, cancels it."""
    try:
        work.start()
        while not work.done.done():
            try:
                picture.hear(told.get(timeout=_EVERY_S))
                while True:
                    picture.hear(told.get_nowait())
            except Empty:
                picture.draw()
    except BaseException:
        work.cancel()
        raise
    finally:
        picture.clear()
    return work.done.result()


@dataclass(slots=True)
class _Picture:
    """What is drawn, and where; nothing outside a script."""

    total: int
    done: int = 0
    failed: int = 0
    reading: dict[str, tuple[int, int]] = field(default_factory=dict)
    places: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take places on the page, in the script's thread."""
        from streamlit.runtime.scriptrunner import get_script_run_ctx

        if get_script_run_ctx(suppress_warning=True) is not None:
            import streamlit

            self.places = [streamlit.empty(), streamlit.empty()]
        self.draw()

    def hear(self, news: ProgressEvent | _Page) -> None:
        """Take in an event."""
        if isinstance(news, _Page):
            self.reading[news.file_name] = (news.page, news.pages)
        elif news.event_type in _ENDS:
            self.done += 1
            self.failed += news.event_type is ProgressEventType.FILE_FAILED
            self.reading.pop(news.file_name or "", None)

    def draw(self) -> None:
        """Draw it."""
        if not self.places:
            return
        parts = sum(page / pages for page, pages in self.reading.values() if pages)
        share = min(1.0, (self.done + parts) / self.total) if self.total else 1.0
        failed = f", {self.failed} failed" if self.failed else ""
        self.places[0].progress(share, f"{self.done} of {self.total} files{failed}")
        lines = [
            f"{name} · page {page} of {pages}"
            for name, (page, pages) in list(self.reading.items())[:5]
        ]
        self.places[1].text("\n".join(lines))

    def clear(self) -> None:
        """Say how it ended, and take the rest away."""
        if self.places:
            self.reading.clear()
            self.draw()
            self.places[1].empty()
