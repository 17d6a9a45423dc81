"""Files: read in batches, written whole or not at all, appended line by line.

A thread hop costs about as much as reading a small file, so many files share one hop.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import stat
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from ai_catalyst.engine.blocking import run_here
from ai_catalyst.errors import FileError, UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

__all__ = [
    "AtomicWriter",
    "FileDenied",
    "FileIsFolder",
    "FileMissing",
    "FileUnusable",
    "append_log",
    "append_log_async",
    "read_file",
    "read_file_async",
    "read_files",
    "read_files_async",
    "sync_folder",
    "unusable",
    "write_atomic",
    "write_file",
    "write_file_async",
]

log = logging.getLogger(__name__)

FILES_PER_HOP = 64
HOPS_AT_ONCE = 2
_BINARY = getattr(os, "O_BINARY", 0)  # Windows would otherwise turn line ends

StrPath = str | os.PathLike[str]


class FileUnusable(FileError, OSError):
    """Raised when the operating system refuses a file; also an `OSError` with its ``errno``."""


class FileMissing(FileUnusable, FileNotFoundError):
    """Raised when a file, or the folder it should be in, does not exist."""


class FileDenied(FileUnusable, PermissionError):
    """Raised when we may not read or write a file."""


class FileIsFolder(FileUnusable, IsADirectoryError):
    """Raised when a folder stands where a file should be."""


_BY_CAUSE: tuple[tuple[type[OSError], type[FileUnusable]], ...] = (
    (FileNotFoundError, FileMissing),
    (PermissionError, FileDenied),
    (IsADirectoryError, FileIsFolder),
)


def unusable(verb: str, path: StrPath, error: OSError) -> FileUnusable:
    """Map an error of the operating system to ours; it keeps its errno."""
    kind = next((ours for theirs, ours in _BY_CAUSE if isinstance(error, theirs)), FileUnusable)
    name = os.fspath(path)
    mapped = kind(f"cannot {verb} {name}: {error.strerror or error}", path=name)
    mapped.errno = error.errno
    return mapped


def _read(path: StrPath) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | _BINARY)
        try:
            return _read_all(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise unusable("read", path, error) from error


def _read_all(handle: int) -> bytes:
    """Read to the end, in one call where the file has the size it says: half the cost of `open`."""
    size = os.fstat(handle).st_size
    block = os.read(handle, size + 1)
    if len(block) == size and size:
        return block
    blocks = [block]
    while block:  # it grows, or has no size: a pipe, a file under /proc
        block = os.read(handle, 2**20)
        blocks.append(block)
    return b"".join(blocks)


def _read_each(paths: Sequence[StrPath]) -> list[bytes | Exception]:
    results: list[bytes | Exception] = []
    for path in paths:
        try:
            results.append(_read(path))
        except Exception as error:  # noqa: BLE001 - one bad path (a NUL, a wrong type) is one error
            results.append(error)
    return results


async def read_file_async(path: StrPath) -> bytes:
    """Read one file whole, off the loop; many files are cheaper through `read_files_async`.

    Raises `FileError`, which is also the matching `OSError` (`FileNotFoundError`, …).
    """
    return await asyncio.to_thread(_read, path)


async def read_files_async(paths: Iterable[StrPath]) -> list[bytes | Exception]:
    """Read many files, in order; where one could not be read, its error stands in its place.

    64 files share one thread hop, which keeps the cost at that of a plain blocking loop.
    """
    remaining = iter(paths)
    batches = enumerate(iter(lambda: list(islice(remaining, FILES_PER_HOP)), []))
    results: list[list[bytes | Exception]] = []

    async def pull() -> None:
        for place, batch in batches:
            results.append([])
            results[place] = await asyncio.to_thread(_read_each, batch)

    async with asyncio.TaskGroup() as group:
        for _ in range(HOPS_AT_ONCE):
            group.create_task(pull())
    return [result for batch in results for result in batch]


async def write_file_async(path: StrPath, data: bytes | str) -> bool:
    """Write a file whole or not at all; returns False, and logs why, when it could not be written.

    The folder must exist. A reader sees the old content or the new, never a part; after True the
    new content survives a power cut. Text is written as UTF-8.
    """
    try:
        await asyncio.to_thread(write_atomic, path, data)
    except FileError as error:
        log.error("%s", error)
        return False
    return True


async def append_log_async(path: StrPath, message: str) -> None:
    """Append one message and its line end; messages of several tasks or processes never interleave.

    Raises `FileError` when it could not be written in full.
    """
    await asyncio.to_thread(_append, path, message)


def read_file(path: StrPath) -> bytes:
    """Sync twin of `read_file_async`."""
    return run_here(read_file_async(path), "read_file_async")


def read_files(paths: Iterable[StrPath]) -> list[bytes | Exception]:
    """Sync twin of `read_files_async`."""
    return run_here(read_files_async(paths), "read_files_async")


def write_file(path: StrPath, data: bytes | str) -> bool:
    """Sync twin of `write_file_async`."""
    return run_here(write_file_async(path, data), "write_file_async")


def append_log(path: StrPath, message: str) -> None:
    """Sync twin of `append_log_async`."""
    run_here(append_log_async(path, message), "append_log_async")


def _append(path: StrPath, message: str) -> None:
    line = (message.rstrip("\r\n") + "\n").encode("utf-8", "backslashreplace")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            # One write is one unit under O_APPEND; a second for the rest would let others between.
            written = os.write(handle, line)
        finally:
            os.close(handle)
    except OSError as error:
        raise unusable("append to", path, error) from error
    if written != len(line):
        raise FileUnusable(f"cannot append to {os.fspath(path)}: the disk is full", path=str(path))


def write_atomic(path: StrPath, data: bytes | bytearray | memoryview | str) -> None:
    """Write a file whole or not at all, and durably; the blocking ground of `write_file_async`.

    Raises `FileError`; then the old content, if any, is untouched and nothing is left behind.
    """
    with AtomicWriter(path) as out:
        out.write(data)


def make_folder(path: StrPath) -> None:
    """Make a folder and those above it before work begins whose results go there.

    Raises `UserError` when it cannot be made or is something else.
    """
    try:
        if not os.fspath(path):
            raise UserError("the output folder needs a name")
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "there is a file of that name" if Path(path).is_file() else error.strerror
        raise UserError(
            f"the output folder {os.fspath(path)!r} cannot be made: {reason}"
        ) from error


class AtomicWriter:
    """Stream a file into being: it appears under its name only when the ``with`` block succeeds.

    Writes to a temporary file in the same folder, then fsync and rename. Text becomes UTF-8 with
    its line ends kept, so `csv.writer` and `json.dump` may write to it. An existing file keeps its
    mode, a link stays a link. An error in the block removes the temporary file and leaves the old
    content. Raises `FileError`.
    """

    def __init__(self, path: StrPath) -> None:
        """Name the file; nothing is touched before the block is entered."""
        self.path = Path(path)
        self._target = self._temporary = self.path
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        """Open the temporary file."""
        try:
            self._target = Path(os.path.realpath(self.path))
            if self._target.is_dir():
                raise IsADirectoryError(21, "is a folder")
            self._temporary = self._target.with_name(f".catalyst-{secrets.token_hex(8)}.tmp")
            self._file = self._temporary.open("xb")
            with suppress(FileNotFoundError):
                self._temporary.chmod(stat.S_IMODE(self._target.stat().st_mode))
        except OSError as error:
            self._discard()
            raise unusable("write", self.path, error) from error
        return self

    def write(self, data: bytes | bytearray | memoryview | str) -> int:
        """Add bytes, or text as UTF-8; returns how many bytes or characters were taken."""
        if self._file is None:
            raise ValueError(f"{self.path} is not open; write inside its with block")
        try:
            self._file.write(_encoded(data))
        except OSError as error:
            raise unusable("write", self.path, error) from error
        return len(data)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put the file in its place, or remove every trace of it when the block failed."""
        if kind is not None:
            self._discard()
            return
        try:
            self._publish()
        except OSError as failure:
            self._discard()
            raise unusable("write", self.path, failure) from failure

    def _publish(self) -> None:
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.replace(self._target)
        self._file = None
        sync_folder(self._target.parent)

    def _discard(self) -> None:
        if self._file is None:
            return
        with suppress(OSError):
            self._file.close()
        self._file = None
        with suppress(OSError):
            self._temporary.unlink()


def _encoded(data: bytes | bytearray | memoryview | str) -> bytes | bytearray | memoryview:
    """Encode text; a lone surrogate is spelled out: one bad letter must not cost a report."""
    return data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data


def sync_folder(folder: Path) -> None:
    """Make a rename durable; filesystems that cannot sync a folder need not."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
