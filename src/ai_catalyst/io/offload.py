"""Blocking work off the event loop: threads for what waits, processes for what computes."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

from ai_catalyst.engine.blocking import run_here
from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["AsyncLibraryWrapper", "LibraryWrapper"]

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)


class AsyncLibraryWrapper:
    """Use a blocking library from async code.

    ``executor`` is one pool of at most ``max_workers`` threads, started as they are needed and
    shared by all calls; further calls wait their turn. Threads help where the library waits (disk,
    network) or lets go of the interpreter (hashing, images, arrays); pure Python that computes
    belongs in ``cpu_bound``.
    """

    def __init__(self, max_workers: int = 10) -> None:
        """Bound the threads; none is started yet."""
        if max_workers < 1:
            raise UserError(f"max_workers must be at least 1, not {max_workers}")
        self.executor = ThreadPoolExecutor(max_workers, thread_name_prefix="catalyst-offload")

    async def sync_to_async(self, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``func(*args, **kwargs)``, called in a thread with the caller's context variables.

        A thread cannot be stopped: when the caller is cancelled, a call that still waits for its
        turn is withdrawn, one that runs goes on unheard, which is logged.
        """
        if inspect.iscoroutinefunction(func):
            raise TypeError(
                f"{func.__name__} is a coroutine function: await it, it needs no thread"
            )

        def call() -> T:
            try:
                return func(*args, **kwargs)
            except StopIteration as stop:  # it cannot pass a future, and would hang the caller
                raise RuntimeError("the function raised StopIteration") from stop

        future: Future[T] = self.executor.submit(contextvars.copy_context().run, call)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if future.running():
                name = getattr(func, "__qualname__", type(func).__name__)
                log.warning("%s was cancelled, but runs on in its thread until it returns", name)
            raise

    async def cpu_bound(self, func: Callable[..., T], /, *args: Any) -> T:
        """Return ``func(*args)``, computed in a worker process of the shared pool.

        ``func`` must be importable by its name, arguments and result picklable. Raises what it
        raises, or `WorkerCrashed`, `WorkerTimeout`, `WorkerOutOfMemory`.
        """
        from ai_catalyst.engine.workers import shared_pool

        result: T = await shared_pool().run(func, *args)
        return result

    async def close(self) -> None:
        """Wait for the calls that run and end the threads; the shared processes stay."""
        loop = asyncio.get_running_loop()
        ended = partial(self.executor.shutdown, wait=True, cancel_futures=True)
        await loop.run_in_executor(None, ended)

    async def __aenter__(self) -> Self:
        """Return the wrapper; threads start when they are needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the threads."""
        await self.close()


class LibraryWrapper:
    """The sync twin of `AsyncLibraryWrapper`: the same pool of threads, and the same processes."""

    def __init__(self, max_workers: int = 10) -> None:
        """Bound the threads; none is started yet."""
        self.asynchronous = AsyncLibraryWrapper(max_workers)
        self.executor = self.asynchronous.executor

    def sync_to_async(self, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``func(*args, **kwargs)``, called in a thread of the bounded pool."""
        call = self.asynchronous.sync_to_async(func, *args, **kwargs)
        return run_here(call, "AsyncLibraryWrapper.sync_to_async")

    def cpu_bound(self, func: Callable[..., T], /, *args: Any) -> T:
        """Return ``func(*args)``, computed in a worker process of the shared pool."""
        call = self.asynchronous.cpu_bound(func, *args)
        return run_here(call, "AsyncLibraryWrapper.cpu_bound")

    def close(self) -> None:
        """Wait for the calls that run and end the threads; the shared processes stay."""
        run_here(self.asynchronous.close(), "AsyncLibraryWrapper.close")

    def __enter__(self) -> Self:
        """Return the wrapper; threads start when they are needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the threads."""
        self.close()
