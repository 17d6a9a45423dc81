"""`Job`: one batch of the app while it runs: its progress, its results, its end.

It knows nothing of Streamlit. It runs on the app's one loop; scripts in other threads read what
they show as one frozen `Progress`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple

from ai_catalyst.errors import CatalystError
from ai_catalyst.pdf.batch import AsyncBatchProcessor
from ai_catalyst.pdf.job_folder import Change, JobFolder, Order, correct
from ai_catalyst.pdf.repository import ExtractionRepository
from ai_catalyst.pdf.result import BatchResult
from ai_catalyst.pdf.source import PdfSource

__all__ = ["Job", "MakeWork", "Progress", "Running", "Work"]

log = logging.getLogger(__name__)


class Work(NamedTuple):
    """What a batch is done with: a processor, and what it is to find and how."""

    processor: Any
    extractor: Any
    fields: Any
    method: str


MakeWork = Callable[[Order], AbstractAsyncContextManager[Work]]


class Running(NamedTuple):
    """A file that is being read: its name, the page it is at, how many it has (0: unknown)."""

    name: str
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is. ``state`` is ``draft, running, done, cancelled, stopped, elsewhere``.

    ``stopped`` means that something of the program failed (``error`` says what), or that the app
    was ended while it ran; ``elsewhere`` that another process works on it.
    """

    state: str
    total: int
    done: int = 0
    failed: int = 0
    pages: int = 0
    running: tuple[Running, ...] = ()
    error: str | None = None

    @property
    def fraction(self) -> float:
        """How much is done, from 0 to 1, counting pages of what is being read."""
        if not self.total:
            return 0.0
        parts = sum(one.page / one.pages for one in self.running if one.pages)
        return min(1.0, (self.done + parts) / self.total)


class Job:
    """A batch with its folder. Results are durable before they are counted."""

    def __init__(self, folder: JobFolder) -> None:
        """Begin where the folder says it stands."""
        self.folder = folder
        self._lock = threading.Lock()
        self._results: dict[int, BatchResult] = folder.results()
        self._running: dict[str, tuple[int, int]] = {}
        self._state = self._resting()
        self._error: str | None = None
        self._repository: ExtractionRepository | None = None

    @property
    def id(self) -> str:
        """The name of the job in addresses."""
        return self.folder.id

    def progress(self) -> Progress:
        """Return how far it is, from any thread."""
        with self._lock:
            results = list(self._results.values())
            return Progress(
                self._state,
                len(self.folder.uploads),
                len(results),
                sum(not result.success for result in results),
                sum(result.pages for result in results)
                + sum(page for page, _ in self._running.values()),
                tuple(Running(name, *place) for name, place in self._running.items()),
                self._error,
            )

    def results(self) -> list[BatchResult | None]:
        """Return each file's result in the order of the uploads, None where there is none yet."""
        with self._lock:
            return [self._results.get(index) for index in range(len(self.folder.uploads))]

    def open_indexes(self) -> list[int]:
        """Return the files that have no result yet."""
        with self._lock:
            return [
                index for index in range(len(self.folder.uploads)) if index not in self._results
            ]

    def begin(self) -> None:
        """Say that it runs, before it does: whoever looks must not see it at rest."""
        with self._lock:
            self._state, self._error = "running", None

    def end(self, error: str) -> None:
        """Say that it could not even begin."""
        with self._lock:
            self._state, self._error = "stopped", error

    def elsewhere(self) -> None:
        """Say that another process works on it."""
        with self._lock:
            self._state = "elsewhere"

    def reopen(self, indexes: Sequence[int]) -> None:
        """Take results back that are to be made anew."""
        with self._lock:
            for index in indexes:
                self._results.pop(index, None)

    async def run(
        self, make: MakeWork, max_concurrent: int, repository: ExtractionRepository
    ) -> None:
        """Process every file that has no result; what people corrected before holds again."""
        self._repository = repository
        try:
            async with make(self.folder.order) as work:
                await self._process(work, max_concurrent)
        except asyncio.CancelledError:
            self._settle("stopped")
            raise
        except CatalystError as error:
            self._settle("stopped", str(error))
        except Exception as error:  # noqa: BLE001 - whoever looks at the job is told
            log.error("a batch failed: %s", type(error).__name__)
            self._settle("stopped", f"the program failed ({type(error).__name__})")
        else:
            self._settle("done")

    async def finish_cancelled(self) -> None:
        """Give every file that has no result one that says it was cancelled."""
        await asyncio.to_thread(self.folder.write, cancelled=True)
        method = self.folder.order.method
        for index in self.open_indexes():
            name = self.folder.uploads[index].name
            await self._keep(
                index,
                BatchResult(name, method=method, error="was cancelled", outcome="CANCELLED"),
            )
        with self._lock:
            self._state = "cancelled"

    def change(self, index: int, field: str, value: Any) -> None:
        """Write down that a person changed a field; durable when it returns."""
        self.folder.log(Change(index, field, value), index)
        with self._lock:
            correct(self._results[index], field, value)

    def _resting(self) -> str:
        order = self.folder.order
        if order.started is None:
            return "draft"
        if len(self._results) < len(self.folder.uploads):
            return "stopped"
        return "cancelled" if order.cancelled else "done"

    async def _process(self, work: Work, max_concurrent: int) -> None:
        uploads = self.folder.uploads
        places = {uploads[index].name: index for index in self.open_indexes()}
        files = [
            PdfSource(uploads[index].name, path=uploads[index].path, size=uploads[index].size)
            for index in places.values()
        ]
        batch = AsyncBatchProcessor(work.processor, max_concurrent, on_page=self._page)
        stream = batch.stream_batch(files, work.extractor, work.fields, work.method)
        async with contextlib.aclosing(stream) as results:  # type: ignore[type-var]
            async for result in results:
                index = places.pop(result.file_name, None)
                if index is not None:
                    await self._keep(index, result)
        for name, index in places.items():  # a processor that named its result otherwise
            lost = f"{name}: the processor gave no result of this name"
            await self._keep(index, BatchResult(name, error=lost, outcome="UNSUPPORTED"))

    async def _keep(self, index: int, result: BatchResult) -> None:
        if result.db_id is not None and self._repository is not None:
            with contextlib.suppress(CatalystError):
                saved = await self._repository.get(result.db_id)
                for one in saved.corrections:
                    correct(result, one.field, one.after)
        await asyncio.to_thread(self.folder.log, result, index)
        with self._lock:
            self._results[index] = result
            self._running.pop(result.file_name, None)

    def _page(self, file_name: str, page: int, pages: int) -> None:
        with self._lock:
            self._running[file_name] = (page, pages)

    def _settle(self, state: str, error: str | None = None) -> None:
        with self._lock:
            self._running.clear()
            self._state, self._error = state, error
