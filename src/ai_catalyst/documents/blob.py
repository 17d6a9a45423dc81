"""One file's bytes, on disk, in memory or compressed; opened with care and under caps."""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from ai_catalyst.documents.inflate import GZIP_MAGIC, open_gzip
from ai_catalyst.errors import FileError
from ai_catalyst.io.files import FileDenied, FileIsFolder, FileMissing, FileUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Blob", "Limits", "open_regular", "printable", "unusable"]

MIB = 2**20
PIECE = MIB // 4
"""How much is read at a time: one piece is decoded in a millisecond or two."""

_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # a FIFO without a writer must not hang us
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost.

    ``whole_bytes`` bounds a format that must be held whole, ``item_bytes`` one line, row or array
    item, ``decoded_bytes`` what a compressed file may inflate to, ``ratio`` how many times its
    size that may be (looked at beyond 32 MiB).
    """

    whole_bytes: int = 256 * MIB
    item_bytes: int = 32 * MIB
    decoded_bytes: int = 8192 * MIB
    ratio: int = 200


def printable(name: str) -> str:
    """Return a file's name as safe text: control characters and stray bytes become ``%XX``.

    Reports, logs and terminals show names; a name is whatever somebody called a file.
    """
    if name.isprintable():
        return name
    return "".join(
        letter
        if letter.isprintable()
        else "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogateescape"))
        if not "\ud800" <= letter <= "\udc7f"
        else "\ufffd"
        for letter in name
    )


def unusable(error: OSError, name: str) -> FileError:
    """Map an error of the operating system; the result is also its `OSError`."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return FileMissing(f"{name}: there is no such file", path=name, kind="missing")
    if isinstance(error, PermissionError):
        return FileDenied(f"{name}: may not be read (permissions)", path=name, kind="unreadable")
    if isinstance(error, IsADirectoryError):
        return FileIsFolder(f"{name}: is a folder, not a file", path=name, kind="unsupported")
    what = error.strerror or type(error).__name__
    return FileUnusable(f"{name}: cannot be read: {what}", path=name, kind="unreadable")


def open_regular(path: str, name: str) -> tuple[int, os.stat_result]:
    """Open a regular file and return its descriptor and status.

    Never waits: a FIFO, socket or device raises `FileError`, as does what cannot be opened.
    """
    try:
        handle = os.open(path, _OPEN_FLAGS)
    except ValueError:  # a NUL in the name
        raise FileMissing(f"{name}: there is no such file", path=name, kind="missing") from None
    except OSError as error:
        if error.errno == 6:  # ENXIO: a socket
            raise _special(name) from None
        raise unusable(error, name) from error
    status = os.fstat(handle)
    if stat.S_ISREG(status.st_mode):
        return handle, status
    os.close(handle)
    if stat.S_ISDIR(status.st_mode):
        raise unusable(IsADirectoryError(), name)
    raise _special(name)


def _special(name: str) -> FileError:
    return FileError(
        f"{name}: is a pipe, socket or device, not a file", path=name, kind="unsupported"
    )


@dataclass(slots=True)
class Blob:
    """The bytes to read: ``data`` when they are in memory, else the file at ``path``.

    ``name`` is what people call it; ``media_type``, ``charset`` and ``url`` say what a server told.
    Picklable, so that a worker process can read it.
    """

    name: str
    path: str | None = None
    data: bytes | None = field(default=None, repr=False)
    media_type: str = ""
    charset: str | None = None
    url: str | None = None
    gzipped: bool = False
    limits: Limits = Limits()

    def open(self) -> BinaryIO:
        """Open the decoded bytes; the caller closes. Raises `FileError`."""
        if not self.gzipped:
            return self._open_raw()
        raw = self._open_raw()
        return open_gzip(raw, self.name, self.limits.decoded_bytes, self.limits.ratio)

    def _open_raw(self) -> BinaryIO:
        if self.data is not None:
            return io.BytesIO(self.data)
        assert self.path is not None
        handle, _ = open_regular(self.path, self.name)
        return os.fdopen(handle, "rb", buffering=0)

    def read(self, cap: int | None = None) -> bytes:
        """Return all decoded bytes; `FileError` when they are more than ``cap``."""
        limit = cap or self.limits.whole_bytes
        if self.data is not None and not self.gzipped:
            if len(self.data) > limit:
                raise self.too_large(limit)
            return self.data
        pieces: list[bytes] = []
        size = 0
        for piece in self.pieces():
            size += len(piece)
            if size > limit:
                raise self.too_large(limit)
            pieces.append(piece)
        return b"".join(pieces)

    def pieces(self, size: int = PIECE) -> Iterator[bytes]:
        """Yield the decoded bytes, at most ``size`` at a time."""
        with self.open() as file:
            try:
                while piece := file.read(size):
                    yield piece
            except OSError as error:
                raise unusable(error, self.name) from error

    def too_large(self, limit: int) -> FileError:
        """Return the error for a blob over ``limit`` bytes."""
        size = f"{limit / MIB:.0f} MiB" if limit >= MIB else f"{limit} bytes"
        return FileError(f"larger than the {size} this format may have", kind="too_large")

    @property
    def extension(self) -> str:
        """The name's ending in lower case, without the dot and without ``.gz``."""
        name = self.name if self.url is None else self.url.partition("?")[0].partition("#")[0]
        stem, dot, ending = name.lower().removesuffix(".gz").rpartition(".")
        return ending if dot and stem and "/" not in ending else ""

    @property
    def looks_gzipped(self) -> bool:
        """Whether the raw bytes in memory begin like a gzip file."""
        return self.data is not None and self.data.startswith(GZIP_MAGIC)
