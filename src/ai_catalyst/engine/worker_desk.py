"""The threads of a pool: each serves one worker process, so that no loop ever waits for a pipe."""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ai_catalyst.engine.worker_server import ForkServer, Worker
from ai_catalyst.errors import (
    UserError,
    WorkerCrashed,
    WorkerError,
    WorkerOutOfMemory,
    WorkerTimeout,
)

__all__ = ["Crew", "Job"]


class Receiver(Protocol):
    """Whoever waits for a job's answers; called on the desk's thread."""

    def started(self) -> None:
        """Hear that a worker begins with it."""

    def answer(self, index: int, value: Any, error: Exception | None) -> None:
        """Hear what became of an item (of a stream: hear its next value, or why it broke)."""

    def finished(self) -> None:
        """Hear that nothing more comes."""


class Job:
    """Some items for one function, done by one worker after the other if need be."""

    def __init__(
        self,
        function: Callable[..., Any],
        items: Sequence[tuple[int, tuple[Any, ...]]],
        receiver: Receiver,
        *,
        timeout: float | None = None,
        silence: float | None = None,
        streaming: bool = False,
    ) -> None:
        """Describe the work; nothing is pickled yet, as that may take a while."""
        self.function = function
        self.left = deque(items)
        self.receiver = receiver
        self.timeout = timeout
        self.silence = silence
        self.streaming = streaming
        self.cancelled = False
        self.worker: Worker | None = None

    def cancel(self) -> None:
        """Give the job up; a worker that is on it is killed."""
        self.cancelled = True
        worker = self.worker
        if worker is not None:
            worker.kill()


class Crew:
    """The desks, what they share, and the fork server they get their workers from."""

    def __init__(
        self, size: int, memory_bytes: int, recycle_after: int, preload: Sequence[str]
    ) -> None:
        """Hire nobody yet; threads and processes start with the first job."""
        self.pid = os.getpid()
        self.size = size
        self.memory_bytes = memory_bytes
        self.recycle_after = recycle_after
        self.server = ForkServer(preload)
        self.closed = False
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._busy: set[Job] = set()

    @property
    def running(self) -> bool:
        """Whether threads were started and not yet stopped."""
        return bool(self._threads) and not self.closed

    def put(self, job: Job) -> None:
        """Queue a job; raises `WorkerError` when the pool is closed."""
        with self._changed:
            if self.closed:
                raise WorkerError("the worker pool is closed")
            self._jobs.append(job)
            if self._idle < len(self._jobs) and len(self._threads) < self.size:
                name = f"catalyst-desk-{len(self._threads)}"
                thread = threading.Thread(target=_Desk(self).serve, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def take(self) -> Job | None:
        """Wait for the next job; None when the pool closes."""
        with self._changed:
            self._idle += 1
            while not self._jobs and not self.closed:
                self._changed.wait()
            self._idle -= 1
            if self.closed:
                return None
            job = self._jobs.popleft()
            self._busy.add(job)
            return job

    def done(self, job: Job) -> None:
        """Forget a job that is finished."""
        with self._changed:
            self._busy.discard(job)

    def stop(self) -> None:
        """Cancel every job, end every worker, and wait for the threads."""
        with self._changed:
            self.closed = True
            jobs = [*self._busy, *self._jobs]
            self._jobs.clear()
            self._changed.notify_all()
        for job in jobs:
            job.cancel()
        for thread in self._threads:
            thread.join(timeout=10)
        self.server.stop()
        for job in jobs:
            job.receiver.finished()


class _Desk:
    """One thread's work: take a job, see it through, take the next."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._worker: Worker | None = None

    def serve(self) -> None:
        while (job := self._crew.take()) is not None:
            try:
                job.receiver.started()
                self._see_through(job)
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller must hear of it
                for index, _ in job.left:
                    job.receiver.answer(index, None, _as_worker_error(error))
            finally:
                job.worker = None
                self._crew.done(job)
                job.receiver.finished()
        if self._worker is not None:
            self._worker.end()

    def _see_through(self, job: Job) -> None:
        reference = _reference(job.function)
        while job.left and not job.cancelled:
            sendable = _pickled(job)
            if not sendable:
                return
            worker = job.worker = self._get_worker()
            if job.cancelled:
                return
            data = pickle.dumps((job.streaming, reference, sendable), pickle.HIGHEST_PROTOCOL)
            try:
                worker.send(data)
            except OSError:
                if worker.done == 0:
                    self._lose("a worker died before it began", job)
                self._drop()  # it died idle: nothing is lost, another takes over
                continue
            self._listen(job, worker)

    def _listen(self, job: Job, worker: Worker) -> None:
        """Hear a worker out, item by item; a death costs the item it was on, and no other."""
        started, waited = time.monotonic(), 0.0
        while job.left:
            began = time.monotonic()
            limits = [job.silence, None if job.timeout is None else job.timeout - waited]
            wait = min((limit for limit in limits if limit is not None), default=None)
            try:
                answer = worker.receive(None if wait is None else began + wait)
            except TimeoutError:
                seconds = time.monotonic() - (started if job.streaming else began)
                self._drop()
                self._fail(job, WorkerTimeout(f"the task was killed after {seconds:.1f} s"))
                return
            except (EOFError, OSError):
                how = self._drop()
                if not job.cancelled:
                    self._lose(how, job)
                return
            waited = waited + time.monotonic() - began if job.streaming else 0.0
            if not self._hear(job, worker, answer):
                return

    def _hear(self, job: Job, worker: Worker, answer: tuple[bool | None, Any] | None) -> bool:
        """Hand an answer on; say whether the worker may go on."""
        if answer is None:
            job.left.popleft()
            worker.done += 1
            self._rotate()
            return False
        good, value = answer
        if good and job.streaming:
            job.receiver.answer(job.left[0][0], value, None)
            return not job.cancelled
        index, _ = job.left.popleft()
        worker.done += 1
        if good:
            job.receiver.answer(index, value, None)
        else:
            job.receiver.answer(index, None, _as_error(value))
        if isinstance(value, MemoryError) and not good:
            self._drop()  # what is left of its memory is in pieces
            return False
        if not job.left:
            self._rotate()
        return True

    def _fail(self, job: Job, error: Exception) -> None:
        index, _ = job.left.popleft()
        job.receiver.answer(index, None, error)

    def _lose(self, how: str, job: Job) -> None:
        self._fail(job, WorkerCrashed(f"the worker process died on the task: {how}"))

    def _get_worker(self) -> Worker:
        if self._worker is None:
            self._worker = self._crew.server.spawn(self._crew.memory_bytes)
        return self._worker

    def _rotate(self) -> None:
        """Retire a worker that did its share: leaks of the libraries it ran go with it."""
        if self._worker is not None and self._worker.done >= self._crew.recycle_after:
            self._drop()

    def _drop(self) -> str:
        worker, self._worker = self._worker, None
        return worker.end() if worker is not None else "it ended"


def _reference(function: Callable[..., Any]) -> bytes:
    """Return the function by name, so that a worker imports it; raises `UserError`."""
    name = getattr(function, "__qualname__", None)
    module = getattr(function, "__module__", None)
    try:
        if name is None or module is None:
            return pickle.dumps(function)
        if "<" in name:
            raise UserError(f"{name} cannot run in another process; use a function of a module")
        main = _main_path() if module == "__main__" else None
        return pickle.dumps((module, name, main))
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{function!r} cannot be sent to another process: {error}") from error


def _main_path() -> str:
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    if path is None:
        raise UserError("a function typed at a prompt cannot run in a worker; put it in a module")
    return os.path.abspath(path)  # noqa: PTH100 - no link resolved: it must import as it did


def _pickled(job: Job) -> list[bytes]:
    """Pickle what is left of a job; an item that cannot be sent fails alone."""
    good: deque[tuple[int, tuple[Any, ...]]] = deque()
    data: list[bytes] = []
    while job.left:
        index, arguments = job.left.popleft()
        try:
            data.append(pickle.dumps(arguments, pickle.HIGHEST_PROTOCOL))
        except Exception as error:  # noqa: BLE001 - any __reduce__ of a caller's may raise anything
            reason = UserError(f"its arguments cannot be sent to another process: {error}")
            job.receiver.answer(index, None, reason)
        else:
            good.append((index, arguments))
    job.left = good
    return data


def _as_error(error: Exception | str) -> Exception:
    if isinstance(error, str):
        return WorkerError(error)
    if isinstance(error, MemoryError):
        failure = WorkerOutOfMemory("the task needed more memory than a worker may have")
        failure.__cause__ = error
        return failure
    return error


def _as_worker_error(error: Exception) -> Exception:
    if isinstance(error, UserError | WorkerError):
        return error
    failure = WorkerError(f"the worker pool failed: {type(error).__name__}")
    failure.__cause__ = error
    return failure
