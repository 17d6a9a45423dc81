"""Killable processes for work that is heavy or hostile: it can hang, crash or eat all memory."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
import time
import warnings
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from ai_catalyst.engine.outcome import Outcome
from ai_catalyst.engine.worker_desk import Crew, Job
from ai_catalyst.engine.worker_process import IN_WORKER
from ai_catalyst.errors import UserError, WorkerError

__all__ = ["WorkerPool", "shared_pool"]

T = TypeVar("T")
R = TypeVar("R")

MEMORY_BYTES = 2 * 2**30
RECYCLE_AFTER = 1000
CHUNK_S = 0.05
"""How much work is packed into one message: isolation costs little then, and a loss stays small."""
MOST_PACKED = 256
AHEAD = 16
"""How many values a stream may be ahead of its reader."""


class WorkerPool:
    """Runs functions in processes that can be killed, so that a bad one costs only its own item.

    ``workers`` processes (by default one a core) run each task with ``memory_bytes`` of room for
    growth. A task that crashes its process raises `WorkerCrashed`, one past its time
    `WorkerTimeout`, one that wants too much memory `WorkerOutOfMemory`; the others never notice. A
    process is killed together with whatever it started, and dies with its parent. After
    ``recycle_after`` tasks it is replaced, so leaks don't last. ``preload`` names modules that
    every worker has from its birth.

    Functions must be importable (no lambdas), arguments and results picklable; both are pickled off
    the event loop. A pool works from any event loop and thread at once and starts on first use.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        memory_bytes: int = MEMORY_BYTES,
        recycle_after: int = RECYCLE_AFTER,
        preload: Sequence[str] = (),
    ) -> None:
        """Describe the pool; nothing is started yet."""
        size = _cores() if workers is None else workers
        if size < 1 or recycle_after < 1 or memory_bytes < 0:
            raise UserError("a worker pool needs workers ≥ 1, recycle_after ≥ 1, memory_bytes ≥ 0")
        self.workers = size
        self._crew = Crew(size, memory_bytes, recycle_after, preload)

    async def run(self, function: Callable[..., R], *args: Any, timeout: float | None = None) -> R:
        """Return ``function(*args)``, run in a worker within ``timeout`` seconds.

        Raises what it raises, or a `WorkerError`. Cancelling kills the worker that is on it.
        """
        one = _One[R]()
        job = Job(function, [(0, args)], one, timeout=timeout)
        self._put(job)
        try:
            return await one.future
        except asyncio.CancelledError:
            job.cancel()
            raise

    async def map(
        self,
        function: Callable[[T], R],
        items: Iterable[T],
        *,
        timeout: float | None = None,
        chunk: int | None = None,
        ordered: bool = True,
    ) -> AsyncIterator[Outcome[T, R]]:
        """Yield an `Outcome` for each item, in order or as completed; ``items`` is pulled lazily.

        Small items travel together, ``chunk`` at a time or as many as make some milliseconds of
        work; ``timeout`` (seconds) is for each item. One that crashes its worker fails alone.
        """
        source = enumerate(items)
        inbox: _Inbox[T, R] = _Inbox(ordered)
        packing = _Packing(chunk)
        exhausted = False
        try:
            while not exhausted or inbox.open or inbox.held:
                most = 2 * self.workers  # one for each worker to do, and one to have at hand
                while (
                    not exhausted
                    and len(inbox.open) < most
                    and len(inbox.held) <= most * packing.size
                ):
                    packed = list(islice(source, packing.size))
                    exhausted = not packed
                    if packed:
                        self._put(_Parcel(inbox, packing, packed).job(function, timeout))
                await inbox.news()
                for outcome in inbox.take():
                    yield outcome
        finally:
            for job in list(inbox.open):
                job.cancel()

    async def stream(
        self,
        function: Callable[..., Iterable[R]],
        *args: Any,
        timeout: float | None = None,
        silence: float | None = None,
    ) -> AsyncIterator[R]:
        """Yield what a generator function yields, as it does; a slow reader slows it down.

        ``timeout`` bounds the worker's time in all, ``silence`` the time between two values, in
        seconds. A crash raises after what was yielded before it has been handed on.
        """
        channel = _Channel[R]()
        job = Job(function, [(0, args)], channel, timeout=timeout, silence=silence, streaming=True)
        self._put(job)
        try:
            while (values := await channel.take()) is not None:
                for value in values:
                    yield value
        finally:
            job.cancel()
            channel.close()

    def _put(self, job: Job) -> None:
        if os.environ.get(IN_WORKER):
            raise UserError(
                "a worker started a worker pool: put what your script does under "
                '`if __name__ == "__main__":`'
            )
        if self._crew.pid != os.getpid():  # we were forked: the threads stayed with our parent
            crew = self._crew
            crew.server.abandon()
            self._crew = Crew(crew.size, crew.memory_bytes, crew.recycle_after, ())
        self._crew.put(job)

    async def close(self) -> None:
        """Cancel what runs, end every worker and thread."""
        await asyncio.to_thread(self._crew.stop)

    async def __aenter__(self) -> Self:
        """Return the pool; it starts by itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.close()

    def __del__(self) -> None:
        """Warn when it was started and never closed."""
        crew = getattr(self, "_crew", None)
        if crew is not None and crew.running and crew.pid == os.getpid():
            warnings.warn("unclosed worker pool", ResourceWarning, source=self, stacklevel=2)
            threading.Thread(target=crew.stop, daemon=True).start()


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not every system says which cores are ours
        return os.cpu_count() or 1


def _closed() -> WorkerError:
    return WorkerError("the worker pool was closed before the task was done")


class _Bell:
    """Wakes a coroutine from other threads; many rings before it wakes are one."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._rung = False

    def ring(self) -> None:
        if not self._rung:
            self._rung = True
            with contextlib.suppress(RuntimeError):  # its loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        await self._event.wait()
        self._event.clear()
        self._rung = False


class _One(Generic[R]):
    """The receiver of a single task."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[R] = self._loop.create_future()

    def started(self) -> None:
        """Nothing to note."""

    def answer(self, index: int, value: Any, error: Exception | None) -> None:
        self._later(value, error)

    def finished(self) -> None:
        self._later(None, _closed())

    def _later(self, value: Any, error: Exception | None) -> None:
        with contextlib.suppress(RuntimeError):  # its loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle, value, error)

    def _settle(self, value: Any, error: Exception | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(value)
        else:
            self.future.set_exception(error)


class _Packing:
    """How many items make a message: as many as fill `CHUNK_S`, by what the last ones took."""

    def __init__(self, fixed: int | None) -> None:
        self._fixed = fixed
        self.size = fixed or 1

    def learn(self, items: int, seconds: float) -> None:
        if self._fixed is None and items:
            fitting = int(CHUNK_S * items / max(seconds, 1e-6))
            self.size = max(1, min(MOST_PACKED, fitting, 4 * self.size))


class _Inbox(Generic[T, R]):
    """Where the parcels of one `map` put their outcomes."""

    def __init__(self, ordered: bool) -> None:
        self.open: set[Job] = set()
        self.held: dict[int, Outcome[T, R]] = {}
        self._ordered = ordered
        self._next = 0
        self._arrived: deque[Outcome[T, R]] = deque()
        self._ended: deque[Job] = deque()
        self._bell = _Bell()

    def put(self, outcome: Outcome[T, R]) -> None:
        self._arrived.append(outcome)
        self._bell.ring()

    def end(self, job: Job) -> None:
        self._ended.append(job)
        self._bell.ring()

    async def news(self) -> None:
        if self.open and not self._arrived and not self._ended:
            await self._bell.wait()
        while self._ended:
            self.open.discard(self._ended.popleft())

    def take(self) -> Iterator[Outcome[T, R]]:
        while self._arrived:
            outcome = self._arrived.popleft()
            if not self._ordered:
                yield outcome
                continue
            self.held[outcome.index] = outcome
            while self._next in self.held:
                yield self.held.pop(self._next)
                self._next += 1


class _Parcel(Generic[T, R]):
    """The receiver of some items of a `map` that travel together."""

    def __init__(
        self, inbox: _Inbox[T, R], packing: _Packing, packed: Sequence[tuple[int, T]]
    ) -> None:
        self._inbox = inbox
        self._packing = packing
        self._items = dict(packed)
        self._size = len(packed)
        self._last = self._started = 0.0
        self._job: Job | None = None

    def job(self, function: Callable[[T], R], timeout: float | None) -> Job:
        items = [(index, (item,)) for index, item in self._items.items()]
        self._job = Job(function, items, self, timeout=timeout)
        self._inbox.open.add(self._job)
        return self._job

    def started(self) -> None:
        self._started = self._last = time.perf_counter()

    def answer(self, index: int, value: Any, error: Exception | None) -> None:
        now = time.perf_counter()
        item = self._items.pop(index)
        self._inbox.put(Outcome(index, item, value, error, 1, now - self._last))
        self._last = now

    def finished(self) -> None:
        for index in list(self._items):
            self.answer(index, None, _closed())
        self._packing.learn(self._size, self._last - self._started)
        if self._job is not None:
            self._inbox.end(self._job)


class _Channel(Generic[R]):
    """The receiver of a stream: holds some values, and its desk back when its reader is slow."""

    def __init__(self) -> None:
        self._values: deque[R] = deque()
        self._error: Exception | None = None
        self._ended = False
        self._closed = False
        self._changed = threading.Condition()
        self._bell = _Bell()

    def started(self) -> None:
        """Nothing to note."""

    def answer(self, index: int, value: Any, error: Exception | None) -> None:
        with self._changed:
            if error is None:
                self._values.append(value)
            else:
                self._error = error
            self._bell.ring()
            while len(self._values) >= AHEAD and not self._closed:
                self._changed.wait()

    def finished(self) -> None:
        self._ended = True
        self._bell.ring()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    async def take(self) -> list[R] | None:
        while True:
            with self._changed:
                values = list(self._values)
                self._values.clear()
                self._changed.notify()
            if values:
                return values
            if self._ended and not self._values:
                break
            await self._bell.wait()
        if self._error is not None:
            raise self._error
        return None


_shared: dict[int, WorkerPool] = {}
_sharing = threading.Lock()


def shared_pool() -> WorkerPool:
    """Return this process's one pool: as many workers as cores, ended when the program ends."""
    pid = os.getpid()
    with _sharing:
        if pid not in _shared:
            _shared.clear()  # a forked child's copy of its parent's pool
            _shared[pid] = WorkerPool()
        return _shared[pid]


@atexit.register
def _stop_shared() -> None:
    pool = _shared.pop(os.getpid(), None)
    if pool is not None:
        pool._crew.stop()
