"""`Jobs`: every batch of the app, the one loop they run on, and what scripts may ask of them.

Scripts of many people call this from many threads; each method returns soon or says what failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, TypeVar

from ai_catalyst.engine.background import Background
from ai_catalyst.engine.background import Job as Task
from ai_catalyst.engine.workers import WorkerPool
from ai_catalyst.errors import UserError
from ai_catalyst.pdf.job import Job, MakeWork
from ai_catalyst.pdf.job_folder import JobFolder, Upload, folders, jobs_folder
from ai_catalyst.pdf.page_image import Mark, page_image, warm
from ai_catalyst.pdf.repository import ChangedMeanwhile, ExtractionRepository
from ai_catalyst.pdf.result import BatchResult

__all__ = ["Jobs", "failed"]

T = TypeVar("T")

MOST_RESUMED = 2
"""A batch that was under way when the app died so often waits for a person: it may be the cause."""
_DRAFT_S = 86_400.0
_WAIT_S = 30.0


class Jobs:
    """The batches of one app.

    ``make(order)`` gives what a batch is done with. ``root`` is where they are kept, by default in
    the state folder; ``repository`` where results are, by default the store of the state folder.
    """

    def __init__(
        self,
        make: Callable[[ExtractionRepository], MakeWork],
        *,
        root: Path | None = None,
        repository: ExtractionRepository | None = None,
        max_concurrent: int = 5,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Start the loop; jobs that were under way go on when somebody asks for them."""
        self.root = root or jobs_folder()
        self.repository = repository or ExtractionRepository()
        self._make = make(self.repository)
        self._max_concurrent = max_concurrent
        self._clock = clock
        self._loop = Background()
        self._lock = threading.RLock()
        self._holding = threading.RLock()  # never held for longer than the loop may stand
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, Task[None]] = {}
        self._held: dict[str, int] = {}
        self._closing = False
        # Of its own: somebody who looks at a page must not wait behind a batch.
        self._pictures = WorkerPool(1)
        self._warmed: Task[None] | None = None
        self._sweep()

    # What a page asks for.

    def call(self, awaitable: Awaitable[T], timeout: float = _WAIT_S) -> T:
        """Run a coroutine on the app's loop and wait for it; its error is raised here."""
        task = Task(self._loop, awaitable).start()
        try:
            return task.done.result(timeout)
        except TimeoutError:
            task.cancel()
            raise

    def draft(self) -> Job:
        """Make a job that waits for its files."""
        return self._adopt(JobFolder.create(self.root, self._clock()))

    def add(self, job: Job, name: str, content: IO[bytes]) -> Upload:
        """Copy an upload to the disk. Raises `StoreError` when there is no room."""
        self._require_draft(job)
        return job.folder.add(name, content)

    def drop(self, job: Job, index: int) -> None:
        """Remove an upload again."""
        self._require_draft(job)
        job.folder.drop(index)

    def start(self, job: Job, *, fields: str, method: str, model: str = "") -> None:
        """Begin. Raises `UserError` when there is nothing to do."""
        with self._lock:
            self._require_draft(job)
            if not job.folder.uploads:
                raise UserError("there are no files yet: add some first")
            job.folder.write(fields=fields, method=method, model=model, started=self._clock())
            self._run(job)

    def find(self, job_id: str) -> Job:
        """Return a job; one that was under way when the app ended goes on.

        Raises `UserError` for an id that is not known.
        """
        with self._lock:
            job = self._jobs.get(job_id) or self._adopt(JobFolder.open(self.root, job_id))
            state = job.progress().state
            if state == "elsewhere" or (state != "running" and job.folder.stale):
                self._jobs.pop(job_id, None)  # it may have ended there, or been forgotten in part
                job = self._adopt(JobFolder.open(self.root, job_id))
                state = job.progress().state
            fresh = job_id not in self._tasks
            if state == "stopped" and fresh and job.folder.order.resumed < MOST_RESUMED:
                self.resume(job)
            return job

    def resume(self, job: Job) -> None:
        """Go on with what has no result yet."""
        with self._lock:
            if job.progress().state in {"running", "draft"} or not self._holds(job):
                return
            job.folder.write(resumed=job.folder.order.resumed + 1, cancelled=False)
            self._run(job)

    def retry(self, job: Job, indexes: Sequence[int]) -> None:
        """Process files once more; their results of before stay in the history."""
        with self._lock:
            if job.progress().state == "running":
                raise UserError("this batch still runs: wait for its end, or cancel it")
            if not self._holds(job):
                return
            job.reopen(indexes)
            job.folder.write(cancelled=False)
            self._run(job)

    def cancel(self, job: Job) -> None:
        """Stop; what is done stays, and every other file's result says it was cancelled."""
        task = self._tasks.get(job.id)
        if task is not None:
            task.cancel()
            with contextlib.suppress(BaseException):
                task.done.result(_WAIT_S)

    def correct(self, job: Job, index: int, field: str, value: Any, *, who: str = "") -> None:
        """Change a field of a result, in the job and in the history.

        When somebody else changed it first, the job shows their value, and `StoreError` says so.
        """
        result = job.results()[index]
        if result is None:
            raise UserError("this file has no result yet")
        if result.db_id is not None:
            seen = result.data.get(field)
            try:
                self.call(
                    self.repository.correct(
                        result.db_id, field, value, who=who, seen=seen, add=True
                    )
                )
            except ChangedMeanwhile as error:
                job.change(index, field, error.current)
                raise
        job.change(index, field, value)

    def picture(self, job: Job, index: int, number: int, marks: Sequence[Mark]) -> bytes:
        """Return a page of an upload as PNG. Raises `FileError`, `WorkerError`."""
        path = job.folder.uploads[index].path
        return self.call(page_image(path, number, marks, pool=self._pictures))

    def forget(self, job: Job) -> None:
        """Cancel a job and remove its uploads; what was found stays in the history."""
        self.cancel(job)
        with self._lock:
            self._jobs.pop(job.id, None)
            self._tasks.pop(job.id, None)
            job.folder.remove()
            self._let_go(job.id)

    def recent(self, limit: int = 20) -> list[Job]:
        """Return the jobs that were begun, the newest first."""
        found: list[Job] = []
        for folder in folders(self.root, newest_first=True):
            if len(found) == limit:
                break
            if folder.order.started is not None:
                found.append(self._jobs.get(folder.id) or Job(folder))
        found.sort(key=lambda job: job.folder.order.started or 0.0, reverse=True)
        return found

    def close(self) -> None:
        """Stop everything; a job that ran goes on when the app is started again."""
        if self._closing:
            return
        self._closing = True
        for task in list(self._tasks.values()):
            task.cancel()
            with contextlib.suppress(BaseException):
                task.done.result(_WAIT_S)
        with contextlib.suppress(Exception):
            self.call(self.repository.close())
        with contextlib.suppress(Exception):
            self.call(self._pictures.close())
        self._loop.stop()
        for job_id in list(self._held):
            self._let_go(job_id)

    # How jobs run.

    def _adopt(self, folder: JobFolder) -> Job:
        with self._lock:
            return self._jobs.setdefault(folder.id, Job(folder))

    def _require_draft(self, job: Job) -> None:
        if job.progress().state != "draft":
            raise UserError("this batch was begun already: make a new one")

    def _run(self, job: Job) -> None:
        with self._holding:
            if not self._hold(job):
                return
            job.begin()
        self._tasks[job.id] = Task(self._loop, self._live(job)).start()
        if self._warmed is None:
            warming = self._pictures.run(warm, timeout=_WAIT_S)
            self._warmed = Task(self._loop, warming).start()

    async def _live(self, job: Job) -> None:
        """Run a job to its end; cancelled, it first gives every file its result."""
        try:
            await job.run(self._make, self._max_concurrent, self.repository)
        except asyncio.CancelledError:
            if self._closing:
                raise
            await job.finish_cancelled()
        finally:
            with self._holding:
                if job.progress().state != "running":  # somebody may have begun it anew
                    self._let_go(job.id)

    def _holds(self, job: Job) -> bool:
        with self._holding:
            return self._hold(job)

    def _hold(self, job: Job) -> bool:
        """Take the job for this process; False when another one has it."""
        if job.id in self._held:
            return True
        handle = job.folder.take()
        if handle is None:
            job.elsewhere()
            return False
        self._held[job.id] = handle
        return True

    def _let_go(self, job_id: str) -> None:
        handle = self._held.pop(job_id, None)
        if handle is not None:
            os.close(handle)

    def _sweep(self) -> None:
        """Remove drafts that nobody came back to within a day."""
        for folder in folders(self.root):
            if folder.order.started is None and folder.order.created < self._clock() - _DRAFT_S:
                folder.remove()


def failed(results: Sequence[BatchResult | None]) -> Iterator[int]:
    """Yield the indexes of files that have a result and no success."""
    for index, result in enumerate(results):
        if result is not None and not result.success:
            yield index
