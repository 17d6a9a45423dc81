"""Reading files in tests: a pool without processes, and what a reader finds in some bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ai_catalyst.documents.blob import Blob, Limits
from ai_catalyst.documents.parsing import all_items, named
from ai_catalyst.documents.readers.registry import reader_of
from ai_catalyst.errors import FileError

_one_thread = ThreadPoolExecutor(1, thread_name_prefix="inline-pool")


class InlinePool:
    """Runs what a `WorkerPool` would, in one thread: fast, and it counts.

    ``failures`` maps a file's name to the `WorkerError` its first task ends with.
    """

    def __init__(self, failures: dict[str, Exception] | None = None) -> None:
        self.calls: list[str] = []
        self.failures = failures or {}

    def _fail(self, blob: Blob) -> None:
        self.calls.append(blob.name)
        failure = self.failures.pop(Path(blob.name).name, None)
        if failure is not None:
            raise failure

    async def run(
        self, func: Callable[..., Any], /, *args: Any, timeout: float | None = None
    ) -> Any:
        assert timeout is not None, "a hostile parse must have a deadline"
        self._fail(args[1])
        return await asyncio.get_running_loop().run_in_executor(_one_thread, lambda: func(*args))

    async def stream(
        self,
        func: Callable[..., Any],
        /,
        *args: Any,
        timeout: float | None = None,
        silence: float | None = None,
    ) -> AsyncIterator[Any]:
        self._fail(args[1])
        for item in func(*args):
            yield item


def read(kind: str, data: bytes, name: str = "file", **about: Any) -> list[Any]:
    """Return what the reader of a kind finds in ``data``."""
    return _named(all_items(reader_of(kind).read, Blob(name, data=data, **about)), name)


def read_path(kind: str, path: Path, *, item_bytes: int | None = None, **about: Any) -> list[Any]:
    """Return what the reader of a kind finds in a file, streamed from the disk."""
    limits = Limits(item_bytes=item_bytes) if item_bytes else Limits()
    blob = Blob(path.name, str(path), limits=limits, **about)
    return _named(all_items(reader_of(kind).read, blob), path.name)


def _named(items: list[Any], name: str) -> list[Any]:
    return [named(item, name) if isinstance(item, FileError) else item for item in items]


def good(items: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the items that are no errors."""
    return [item for item in items if not isinstance(item, FileError)]


def bad(items: Iterable[Any]) -> list[FileError]:
    """Return the errors among items."""
    return [item for item in items if isinstance(item, FileError)]
