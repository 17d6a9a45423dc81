"""The lanes of one pool, the queue they take jobs from, and how both begin and end."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ai_catalyst.engine.job import Job
from ai_catalyst.engine.lane import Lane
from ai_catalyst.engine.processes import Launcher
from ai_catalyst.engine.threads import start_soon
from ai_catalyst.errors import WorkerError

__all__ = ["Crew"]

_CLOSE_S = 30.0
_EXIT_S = 3.0
_CREWS: weakref.WeakSet[Crew] = weakref.WeakSet()


class Crew:
    """Up to ``size`` lanes, begun when there is work for them; safe to use from any thread.

    ``memory_bytes`` is what a worker may add to its memory (None: any), ``growth_bytes`` the growth
    after which it is replaced, ``recycle_after`` the number of items after which it is.
    """

    def __init__(
        self,
        size: int,
        *,
        memory_bytes: int | None,
        recycle_after: int,
        preload: Sequence[str],
    ) -> None:
        """Set the terms; nothing runs before the first job."""
        self.size = size
        self.memory_bytes = memory_bytes
        self.growth_bytes = memory_bytes // 4 if memory_bytes is not None else None
        self.recycle_after = recycle_after
        self.launcher = Launcher(memory_bytes, preload)
        self.closed = False
        self._begin()
        _CREWS.add(self)

    def _begin(self) -> None:
        self._queue: deque[Job] = deque()
        self._lanes: set[Lane] = set()
        self._idle = 0
        self._lent = 0
        self._change = threading.Condition(threading.Lock())
        self._kills_seen: int | None = None

    @property
    def started(self) -> bool:
        """Whether there is anything to close."""
        return bool(self._lanes)

    def submit(self, job: Job) -> None:
        """Put a job in the queue; never waits. Raises `WorkerError` when the pool is closed."""
        with self._change:
            if self.closed:
                raise WorkerError("the worker pool is closed")
            self._queue.append(job)
            self._add_lane()
            self._change.notify()

    def _add_lane(self) -> None:
        enough = self._idle >= len(self._queue)
        if not enough and len(self._lanes) < self.size + self._lent:
            lane = Lane(self)
            self._lanes.add(lane)
            start_soon(lane.run, "catalyst-worker")

    @contextmanager
    def lending(self) -> Iterator[None]:
        """Let another lane work while one waits for the reader of its stream.

        The reader may itself be waiting for a task of this pool: for ever, in a pool of one.
        """
        with self._change:
            self._lent += 1
            self._add_lane()
        try:
            yield
        finally:
            with self._change:
                self._lent -= 1
                self._change.notify()

    def take(self) -> Job | None:
        """Wait for a job, in a lane; None when the lane is no longer needed."""
        with self._change:
            while not self.closed and len(self._lanes) <= self.size + self._lent:
                while self._queue:
                    job = self._queue.popleft()
                    if not job.cancelled:
                        return job
                self._idle += 1
                self._change.wait()
                self._idle -= 1
        return None

    def leave(self, lane: Lane) -> None:
        """Note that a lane has ended."""
        with self._change:
            self._lanes.discard(lane)
            last = not self._lanes
            if not self.closed:
                self._add_lane()
            self._change.notify_all()
        if last and self.closed:
            self.launcher.close()

    def dismiss(self) -> None:
        """Begin to close: what runs is killed, and who waits for it or in the queue is told."""
        error = WorkerError("the worker pool was closed")
        with self._change:
            self.closed = True
            waiting, lanes = list(self._queue), list(self._lanes)
            self._queue.clear()
            self._change.notify_all()
        for job in waiting:
            job.cancel()
            job.fail_all(error)
        for lane in lanes:
            lane.cancel(error)

    def close(self, timeout_s: float = _CLOSE_S) -> None:
        """Dismiss, and return when every process and thread is gone."""
        self.dismiss()
        end = time.monotonic() + timeout_s
        with self._change:
            while self._lanes and (left := end - time.monotonic()) > 0:
                self._change.wait(left)
        self.launcher.close()

    def forget(self) -> None:
        """Begin anew, in a forked child: threads and processes are the parent's."""
        lanes = list(self._lanes)
        self._begin()
        self.launcher.forget()
        for lane in lanes:
            lane.forget()

    def system_ran_out(self) -> bool:
        """Whether the system has killed a process for want of memory since this was last asked."""
        kills = _out_of_memory_kills()
        before, self._kills_seen = self._kills_seen, kills
        return kills is not None and before is not None and kills > before

    def note_system(self) -> None:
        """Remember how often the system has killed a process for want of memory."""
        if self._kills_seen is None:
            self._kills_seen = _out_of_memory_kills()


def _out_of_memory_kills() -> int | None:
    try:
        with open("/proc/vmstat", "rb") as file:  # noqa: PTH123
            for line in file:
                if line.startswith(b"oom_kill "):
                    return int(line.split()[1])
    except OSError:
        pass
    return None


def _close_all() -> None:
    for crew in list(_CREWS):
        crew.close(_EXIT_S)


def _forget_all() -> None:
    for crew in list(_CREWS):
        crew.forget()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
