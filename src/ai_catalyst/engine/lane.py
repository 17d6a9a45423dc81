"""A lane: one thread of the pool, and the one worker process it keeps."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from ai_catalyst.engine.orders import OUT_OF_MEMORY
from ai_catalyst.engine.processes import Death, Died, Interrupted, Late, WorkerProcess
from ai_catalyst.engine.wire import Full, Kind, Message, Unreadable
from ai_catalyst.engine.worker_process import CallSpec, Place
from ai_catalyst.errors import (
    CatalystError,
    WorkerCrashed,
    WorkerError,
    WorkerOutOfMemory,
    WorkerTimeout,
)

if TYPE_CHECKING:
    from ai_catalyst.engine.crew import Crew
    from ai_catalyst.engine.job import Job

__all__ = ["Lane"]

_LOADING_S = 60.0
_QUICK_S = 0.0005
_NAP_S = 0.001
_SOON_S = 0.005
_WHILE_S = 0.003
_MOST_OF_IT = 0.8


class Lane:
    """Takes jobs from the crew's queue and has its worker do them, one after the other.

    The worker is replaced when it died, was killed, has done enough or has grown too much. Of a
    job's items only the one that the worker died of fails; the rest is done by the next worker.
    """

    def __init__(self, crew: Crew) -> None:
        """Belong to a crew; `run` is the thread."""
        self._crew = crew
        self._worker: WorkerProcess | None = None
        self._spec: CallSpec | None = None
        self._job: Job | None = None
        self._done = 0
        self._bell, self._clapper = os.pipe()
        for descriptor in (self._bell, self._clapper):
            os.set_blocking(descriptor, False)

    def run(self) -> None:
        """Work until the crew is dismissed."""
        try:
            while (job := self._crew.take()) is not None:
                self._work(job)
                del job
        finally:
            self._dismiss(kill=True)
            os.close(self._bell)
            os.close(self._clapper)
            self._crew.leave(self)

    def cancel(self, error: Exception) -> None:
        """Give up what is being done, if anything."""
        job = self._job
        if job is not None:
            job.cancel(error)

    def forget(self) -> None:
        """Let go, in a forked child, of what is the parent's."""
        if self._worker is not None:
            self._worker.forget()
        os.close(self._bell)
        os.close(self._clapper)

    def _ring(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._clapper, b"!")

    def _interrupted(self) -> bool:
        return self._job is None or self._job.cancelled

    # -- a job ----------------------------------------------------------------

    def _work(self, job: Job) -> None:
        self._job = job
        job.attach(self._ring)
        try:
            while job.items and not job.cancelled:
                self._go_on(job)
        except Interrupted:
            self._dismiss(kill=True)
        except CatalystError as error:
            job.fail_all(error)
        finally:
            job.attach(None)
            self._job = None
        if job.error is not None:
            job.fail_all(job.error)

    def _go_on(self, job: Job) -> None:
        """Do with one worker as many of the job's items as it lives for."""
        worker = self._hire()
        deadline = _Deadline(worker, job)
        try:
            self._collect(worker, job, self._feed(worker, job), deadline)
        except Late:
            self._dismiss(kill=True)
            job.fail(deadline.missed(job.call.label))
        except (Died, EOFError, OSError):
            job.fail(self._explain(self._dismiss(kill=True), job.call.label))

    def _hire(self) -> WorkerProcess:
        if self._worker is not None and not self._worker.idle:
            self._dismiss(kill=True)
        if self._worker is None:
            self._crew.note_system()
            self._worker = self._crew.launcher.launch(self._interrupted, self._bell)
            self._worker.channel.put(Kind.WORKER, Place(sys.path, self._crew.growth_bytes))
        return self._worker

    def _dismiss(self, kill: bool) -> Death:
        worker, self._worker, self._spec, self._done = self._worker, None, None, 0
        return worker.end(kill) if worker is not None else Death()

    # -- what goes to the worker ----------------------------------------------

    def _feed(self, worker: WorkerProcess, job: Job) -> int:
        """Send as many items as fit in one go, at least one; return how many it were."""
        spec = job.call.spec()
        if spec != self._spec:
            worker.channel.put(Kind.CALL, spec)
            self._spec = spec
        sent = 0
        for _, arguments in job.items:
            try:
                worker.channel.put(Kind.ITEM, arguments, fit=sent > 0)
            except Full:
                break
            except (Died, Late, Interrupted, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - an argument's own code runs in there
                if not sent:
                    job.fail(_unsendable(job.call.label, error))
                break
            sent += 1
        worker.channel.flush()
        return sent

    # -- what comes back ------------------------------------------------------

    def _collect(self, worker: WorkerProcess, job: Job, count: int, deadline: _Deadline) -> None:
        """Hand on the results of ``count`` items, in their order."""
        deadline.start()
        before = 0.0
        while count:
            if job.cancelled:
                raise Interrupted
            message = self._receive(worker, job)
            if message.kind == Kind.LOADING:
                deadline.start(_LOADING_S)
            elif message.kind == Kind.LOADED:
                deadline.start()
            elif message.kind == Kind.YIELDED:
                deadline.go_on(self._give(job, message.value))
                if message.seconds - before < _SOON_S and not worker.channel.buffered:
                    # Values that come every millisecond are fetched some at a time, as above.
                    time.sleep(_WHILE_S)
                before = message.seconds
            else:
                count -= 1
                self._done += 1
                self._hand_on(job, message)
                if message.last:
                    self._dismiss(kill=False)
                    return
                deadline.start()
                if count and message.seconds < _QUICK_S and not worker.channel.buffered:
                    # Quick items come one by one; to wake for each costs more than they do.
                    time.sleep(_NAP_S)
        if self._done >= self._crew.recycle_after:
            self._dismiss(kill=False)

    def _receive(self, worker: WorkerProcess, job: Job) -> Message:
        try:
            return worker.channel.receive()
        except Unreadable as unreadable:
            head = unreadable.head
            cause = unreadable.__cause__
            error = WorkerError(
                f"{job.call.label} gave what cannot be read here ({type(cause).__name__})"
            )
            # A generator that is not to go on cannot be told so: its process ends.
            last = head.last or head.kind == Kind.YIELDED
            return Message(Kind.ERROR, error, head.seconds, last)

    def _give(self, job: Job, value: object) -> float:
        """Hand on one value of a stream; return for how long its reader held it up."""
        paused = 0.0
        if job.sink.full:
            with self._crew.lending():
                paused = job.sink.wait()
        job.sink.give(value)
        return paused

    def _hand_on(self, job: Job, message: Message) -> None:
        if message.kind != Kind.ERROR:
            job.finish(message.value, message.seconds)
        elif isinstance(message.value, Exception):
            job.fail(message.value, message.seconds)
        else:
            job.fail(WorkerError(f"{job.call.label} failed"), message.seconds)

    def _explain(self, death: Death, label: str) -> WorkerError:
        if death.exit_code == OUT_OF_MEMORY or self._was_memory(death):
            return WorkerOutOfMemory(f"{label} asked for more memory than a worker may have")
        return WorkerCrashed(f"{label} died with its process: {death}")

    def _was_memory(self, death: Death) -> bool:
        if death.signal == signal.SIGKILL:
            return self._crew.system_ran_out()
        memory = self._crew.memory_bytes
        aborted = death.signal in (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS)
        return aborted and memory is not None and death.held_bytes > _MOST_OF_IT * memory


class _Deadline:
    """When a worker has had its time: for each item, or for all of a stream and between its items.

    The time in which the pool itself does not read does not count.
    """

    def __init__(self, worker: WorkerProcess, job: Job) -> None:
        self._worker = worker
        self._timeout = job.timeout
        self._silence = job.silence
        self._until: float | None = None
        self.start(_LOADING_S)

    def start(self, more: float = 0.0) -> None:
        """Begin to count for an item."""
        now = time.monotonic()
        self._until = now + more + self._timeout if self._timeout is not None else None
        quiet = now + more + self._silence if self._silence is not None else None
        self._worker.deadline = _first(self._until, quiet)

    def go_on(self, paused: float) -> None:
        """Note that one of several values came, and was handed on after a pause."""
        if self._until is not None:
            self._until += paused
        quiet = time.monotonic() + self._silence if self._silence is not None else None
        self._worker.deadline = _first(self._until, quiet)

    def missed(self, label: str) -> WorkerTimeout:
        """Say which limit was missed."""
        if self._until is not None and time.monotonic() >= self._until:
            return WorkerTimeout(f"{label} took longer than {self._timeout:g} s and was killed")
        return WorkerTimeout(f"{label} gave nothing for {self._silence:g} s and was killed")


def _first(*times: float | None) -> float | None:
    return min((at for at in times if at is not None), default=None)


def _unsendable(label: str, error: Exception) -> WorkerError:
    why = (
        f"{type(error).__name__}: {error}" if isinstance(error, TypeError) else type(error).__name__
    )
    return WorkerError(f"an argument of {label} cannot be sent to a worker ({why})")
