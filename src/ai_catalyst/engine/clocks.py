"""What a thread spent and what it waited for, readable from another thread."""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
from collections.abc import Set
from typing import Any

__all__ = ["OtherThreads", "ThreadClocks", "parsed"]


class ThreadClocks:
    """The processor time and the run-queue wait of the thread that makes this object.

    Reading them never gives up the interpreter lock, so that several readings are one moment. Where
    the system does not count (anything but Linux), nobody has waited, and the processor time is
    that of the whole process.
    """

    def __init__(self) -> None:
        """Open the clocks of the calling thread."""
        self.thread_id = threading.get_ident()
        self.native_id = threading.get_native_id()
        self._cpu_clock: int | None = None
        if hasattr(time, "pthread_getcpuclockid"):
            self._cpu_clock = time.pthread_getcpuclockid(self.thread_id)
        self._queue = _Queue.open(self.native_id)

    def cpu(self) -> float:
        """Return the processor time of the thread, in seconds."""
        if self._cpu_clock is None:
            return time.process_time()
        try:
            return time.clock_gettime(self._cpu_clock)
        except OSError:  # the thread is gone
            return 0.0

    def queued(self) -> tuple[float, int]:
        """Return how long the thread was ready without a processor, and how often it got one."""
        return self._queue.read() if self._queue is not None else (0.0, 0)

    def raw_queue(self) -> bytes:
        """Read what `queued` tells, as the system gives it: for `parsed`, when it is asked for."""
        return self._queue.raw() if self._queue is not None else b""

    def close(self) -> None:
        """Give back what is open; the queue reads as nothing from now on."""
        queue, self._queue = self._queue, None
        if queue is not None:
            queue.close()


class OtherThreads:
    """How long the other Python threads of this process, together, were without a processor."""

    def __init__(self, except_ids: Set[int]) -> None:
        """Leave out the threads with these native ids."""
        self._except = except_ids
        self._queues: dict[int, _Queue | None] = {}

    def waited(self) -> float:
        """Return the sum over all threads alive, in seconds; 0 where the system does not count."""
        alive = {thread.native_id for thread in threading.enumerate()} - {None, *self._except}
        for gone in self._queues.keys() - alive:
            self._drop(gone)
        for new in alive - self._queues.keys():
            assert new is not None
            self._queues[new] = _Queue.open(new)
        return sum(queue.read()[0] for queue in self._queues.values() if queue is not None)

    def close(self) -> None:
        """Give back what is open."""
        for thread in list(self._queues):
            self._drop(thread)

    def _drop(self, thread: int) -> None:
        queue = self._queues.pop(thread)
        if queue is not None:
            queue.close()


class _Queue:
    """Linux: ``/proc/self/task/<thread>/schedstat``: ns on a processor, ns waiting, turns."""

    __slots__ = ("_address", "_buffer", "_descriptor", "_pread")

    def __init__(self, descriptor: int, pread: Any) -> None:
        import ctypes

        self._descriptor = descriptor
        self._pread = pread
        self._buffer = ctypes.create_string_buffer(96)
        self._address = ctypes.addressof(self._buffer)

    @classmethod
    def open(cls, native_id: int) -> _Queue | None:
        if sys.platform != "linux":
            return None
        library = _library()
        path = b"/proc/self/task/%d/schedstat" % native_id
        descriptor: int = library.open(path, os.O_RDONLY | os.O_CLOEXEC)
        # A kernel may be built without it, a thread may be gone.
        return cls(descriptor, library.pread) if descriptor >= 0 else None

    def read(self) -> tuple[float, int]:
        return parsed(self.raw())

    def raw(self) -> bytes:
        if self._pread(self._descriptor, self._address, 64, 0) <= 0:  # the thread is gone
            return b""
        return self._buffer.value

    def close(self) -> None:
        os.close(self._descriptor)


def parsed(queue: bytes) -> tuple[float, int]:
    """Return what `ThreadClocks.queued` tells, from what the system gave; of nothing, nothing."""
    if not queue:
        return 0.0, 0
    _, waited, turns = queue.split()
    return int(waited) * 1e-9, int(turns)


@functools.cache
def _library() -> Any:
    """Return the C library, called without giving up the interpreter lock (as ``os`` would)."""
    import ctypes

    library = ctypes.PyDLL(None)
    library.open.argtypes = (ctypes.c_char_p, ctypes.c_int)
    library.pread.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long)
    library.pread.restype = ctypes.c_ssize_t
    return library
