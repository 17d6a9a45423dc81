"""`WorkerPool`: killable processes for work that computes much, or that may hang or crash."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from ai_catalyst.engine.crew import Crew
from ai_catalyst.engine.job import Call, Job
from ai_catalyst.engine.worker_results import Results, Stream
from ai_catalyst.errors import UserError

__all__ = ["WorkerPool", "shared_pool"]

T = TypeVar("T")
R = TypeVar("R")

_LEAST_MEMORY = 2**20


class WorkerPool:
    """Run functions in processes that can be killed; the guilty task alone fails.

    A task that crashes, hangs or takes too much memory fails with `WorkerCrashed`,
    `WorkerTimeout` or `WorkerOutOfMemory`; every other task gets its result, and the pool goes on.
    Workers and all that they started die with this process, however it dies.

    ``workers`` is how many tasks run at once (None: as many as there are processors for this
    process), ``memory_bytes`` what a task may add to a worker's memory (None: any),
    ``recycle_after`` the number of tasks after which a worker is replaced (it also is when it has
    grown by a quarter of ``memory_bytes``), ``preload`` the modules that workers have imported from
    the start. Functions must be importable by name; arguments and results are pickled, off the
    loop. A worker ignores Ctrl-C, has the working directory of the caller, and nothing on its
    standard input.

    Nothing runs before the first task. Use it from any event loop and any thread; close it, or use
    it with ``async with``.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        memory_bytes: int | None = 2 * 2**30,
        recycle_after: int = 1000,
        preload: Sequence[str] = (),
    ) -> None:
        """Set the terms. Raises `UserError` for numbers that make no sense."""
        if workers is not None and workers < 1:
            raise UserError(f"a worker pool needs at least one worker, not {workers}")
        if memory_bytes is not None and memory_bytes < _LEAST_MEMORY:
            raise UserError(f"memory_bytes is in bytes, at least {_LEAST_MEMORY}")
        if recycle_after < 1:
            raise UserError(f"recycle_after must be at least 1, not {recycle_after}")
        self.workers = workers or _processors()
        self._crew = Crew(
            self.workers, memory_bytes=memory_bytes, recycle_after=recycle_after, preload=preload
        )

    async def run(self, func: Callable[..., T], /, *args: Any, timeout: float | None = None) -> T:
        """Return ``func(*args)``, computed in a worker.

        ``timeout`` counts from when the task begins, in seconds. Raises what the function raises
        (with the worker's stack as a note), a `WorkerError` when its process failed or something
        could not be pickled, and `UserError` for a function that no worker could find. When the
        caller is cancelled, the task is killed.
        """
        result = _Answer(asyncio.get_running_loop())
        job = Job(Call(func), [(0, args)], result, _positive("timeout", timeout))
        self._crew.submit(job)
        try:
            value: T = await result.future
        except asyncio.CancelledError:
            job.cancel()
            raise
        return value

    def map(
        self,
        func: Callable[[T], R],
        items: Iterable[T],
        *,
        timeout: float | None = None,
        chunk: int | None = None,
        ordered: bool = True,
    ) -> Results[T, R]:
        """Return an async iterator of an `Outcome` for ``func(item)`` of each item.

        Items are pulled lazily and sent ``chunk`` at a time (None: about 20 ms of work); of a chunk
        only the item that fails fails. ``timeout`` is for each item, in seconds. ``ordered`` gives
        outcomes in the order of the items, else as they come. At most some chunks for each worker
        are under way: memory does not grow with the number of items. To leave early close it
        (``async with``, or ``aclose``), or drop it: what runs is killed.
        """
        if chunk is not None and chunk < 1:
            raise UserError(f"chunk must be at least 1, not {chunk}")
        timeout = _positive("timeout", timeout)
        return Results(self._crew, Call(func), items, timeout, chunk, ordered)

    def stream(
        self,
        func: Callable[..., Iterable[T]],
        /,
        *args: Any,
        timeout: float | None = None,
        silence: float | None = None,
    ) -> Stream[T]:
        """Return an async iterator of what the generator function ``func(*args)`` yields.

        Values come as they are yielded; a reader that is slower than the worker holds it up after
        some values. ``timeout`` is for the whole, ``silence`` from one value to the next, both in
        seconds without those in which the worker waits for the reader. When the process fails
        after some values, those are delivered before the error is raised.
        """
        call = Call(func, yields=True)
        timeout, silence = _positive("timeout", timeout), _positive("silence", silence)
        return Stream(self._crew, call, args, timeout, silence)

    async def close(self) -> None:
        """Kill what runs, and return when every process is gone; closing twice is harmless."""
        self._crew.dismiss()
        await asyncio.to_thread(self._crew.close)

    async def __aenter__(self) -> Self:
        """Return the pool."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the pool."""
        await self.close()

    def __del__(self) -> None:
        """Warn of a pool that was not closed, and end its processes."""
        crew = getattr(self, "_crew", None)
        if crew is not None and crew.started and not crew.closed:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=1, source=self)
            crew.dismiss()

    def __repr__(self) -> str:
        """Show the size."""
        return f"<WorkerPool of {self.workers}>"


class _Answer:
    """Where the one result of `WorkerPool.run` goes."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()

    def done(self, index: int, value: Any, error: Exception | None, seconds: float) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody waits
            self._loop.call_soon_threadsafe(self._settle, value, error)

    @property
    def full(self) -> bool:
        return False

    def wait(self) -> float:
        return 0.0

    def give(self, value: Any) -> None:
        pass

    def close(self) -> None:
        pass

    def _settle(self, value: Any, error: Exception | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(value)
        else:
            self.future.set_exception(error)


_shared: WorkerPool | None = None
_shared_lock = threading.Lock()


def shared_pool() -> WorkerPool:
    """Return the one pool of this process; made when first asked for, closed when it exits."""
    global _shared
    with _shared_lock:
        if _shared is None or _shared._crew.closed:
            _shared = WorkerPool()
        return _shared


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _positive(name: str, seconds: float | None) -> float | None:
    if seconds is not None and not seconds > 0:
        raise UserError(f"{name} is in seconds and above 0, not {seconds}")
    return seconds
