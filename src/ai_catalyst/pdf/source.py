"""What a caller hands in as a file: a path, ``(name, bytes)``, or an object that can be read."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ai_catalyst.documents.blob import Blob, open_regular, printable, unusable
from ai_catalyst.errors import FileError, UserError
from ai_catalyst.pdf.hops import hops_of

__all__ = ["MAX_BYTES", "PdfSource", "bytes_of", "load", "look_ahead", "name_of"]

MAX_BYTES = 256 * 2**20
"""A larger file is refused by its size, unread."""
_HELD = 8 * 2**20
"""Up to this size a file that is asked for its digest is kept: the bytes read are those counted."""
_HEAD = 1024


@dataclass(slots=True)
class PdfSource:
    """One file: what people call it, and its bytes or where they lie.

    ``sha256`` is there when it was asked for, ``size`` in bytes.
    """

    name: str
    path: str | None = None
    data: bytes | None = field(default=None, repr=False)
    size: int = 0
    sha256: str | None = None

    @property
    def blob(self) -> Blob:
        """The bytes, for a reader."""
        return Blob(self.name, path=self.path, data=self.data)


def name_of(file: Any) -> str:
    """Return what to call a file: the last part of its path, or the name it was given."""
    if isinstance(file, PdfSource):
        return file.name
    if isinstance(file, str | os.PathLike):
        return printable(os.path.basename(os.fspath(file)))  # noqa: PTH119 - a third of the time
    if isinstance(file, tuple) and len(file) == 2:
        return printable(str(file[0]))
    name = getattr(file, "name", None) or getattr(file, "filename", None)
    return printable(str(name)) if name else type(file).__name__


async def load(file: Any, *, digest: bool = False, max_bytes: int = MAX_BYTES) -> PdfSource:
    """Return a caller's file, looked at but read no further than needed.

    With ``digest`` also its SHA-256. Raises `FileError`: ``missing``, ``unreadable``, ``empty``,
    ``too_large``, ``unsupported``; `UserError` for what is no file at all.
    """
    source = await _source(file)
    if source.size and (source.sha256 or not digest):
        return source
    if source.data is None and source.path is not None:
        if digest:
            return await asyncio.to_thread(_look, source, True, max_bytes)
        return await hops_of(_look_at)((source, max_bytes))
    _check(source.name, len(source.data or b""), source.data or b"", max_bytes)
    source.size = len(source.data or b"")
    if digest and source.sha256 is None:
        source.sha256 = await _digest(source.data or b"")
    return source


async def _source(file: Any) -> PdfSource:
    name = name_of(file)
    if isinstance(file, PdfSource):
        return file
    if isinstance(file, str | os.PathLike):
        return PdfSource(name, path=os.fspath(file))
    if isinstance(file, tuple) and len(file) == 2 and isinstance(file[1], bytes | bytearray):
        return PdfSource(name, data=bytes(file[1]))
    if callable(getattr(file, "read", None)):
        return PdfSource(name, data=await _read(file, name))
    raise UserError(
        "a PDF is given as a path, as (name, bytes), or as an object with .name and .read(), "
        f"not as {type(file).__name__}"
    )


async def _read(file: Any, name: str) -> bytes:
    """Read an object from its beginning, off the loop, whether its methods are plain or not."""
    try:
        if callable(seek := getattr(file, "seek", None)):
            await _called(seek, 0)
        data = await _called(file.read)
    except FileError:
        raise
    except Exception as error:
        raise FileError(
            f"{name}: cannot be read ({type(error).__name__})", path=name, kind="unreadable"
        ) from error
    if not isinstance(data, bytes | bytearray | memoryview):
        raise FileError(f"{name}: gave no bytes", path=name, kind="unreadable")
    return bytes(data)


async def _called(method: Callable[..., Any], *args: Any) -> Any:
    if inspect.iscoroutinefunction(method):
        return await method(*args)
    value = await asyncio.to_thread(method, *args)
    return await value if inspect.isawaitable(value) else value


async def look_ahead(files: Sequence[Any]) -> list[PdfSource | FileError | None]:
    """Look at many paths in one hop to a thread; None stands for what is no path."""
    return await asyncio.to_thread(lambda: [_glance(file) for file in files])


def _glance(file: Any) -> PdfSource | FileError | None:
    if isinstance(file, PdfSource):
        if file.size or file.path is None:
            return None
        source = file
    elif isinstance(file, str | os.PathLike):
        source = PdfSource(name_of(file), path=os.fspath(file))
    else:
        return None
    try:
        return _look(source, False, MAX_BYTES)
    except FileError as error:
        return error


def _look_at(what: tuple[PdfSource, int]) -> PdfSource:
    return _look(what[0], False, what[1])


def _look(source: PdfSource, digest: bool, max_bytes: int) -> PdfSource:
    """Look at a file on disk, in a thread."""
    assert source.path is not None
    handle, status = open_regular(source.path, source.name)
    with os.fdopen(handle, "rb", buffering=0) as file:
        try:
            head = file.read(_HEAD)
            _check(source.name, status.st_size, head, max_bytes)
            source.size = status.st_size
            if digest:
                source.sha256, source.data = _hashed(file, head)
        except OSError as error:
            raise unusable(error, source.name) from error
    return source


def _hashed(file: Any, head: bytes) -> tuple[str, bytes | None]:
    """Hash the rest of a file; return the bytes too, while they are few."""
    sha256 = hashlib.sha256(head)
    held: list[bytes] | None = [head]
    size = len(head)
    while piece := file.read(2**20):
        sha256.update(piece)
        size += len(piece)
        if held is not None:
            held.append(piece)
        if size > _HELD:
            held = None
    return sha256.hexdigest(), b"".join(held) if held is not None else None


async def bytes_of(source: PdfSource) -> bytes:
    """Return the whole file. Raises `FileError`."""
    if source.data is not None:
        return source.data
    return await asyncio.to_thread(source.blob.read, MAX_BYTES)


async def _digest(data: bytes) -> str:
    if len(data) <= 2**18:
        return hashlib.sha256(data).hexdigest()
    return (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()


def _check(name: str, size: int, head: bytes, max_bytes: int) -> None:
    if not size:
        raise FileError(f"{name}: is empty", path=name, kind="empty")
    if size > max_bytes:
        raise FileError(
            f"{name}: has {size / 2**20:,.0f} MiB; {max_bytes / 2**20:,.0f} MiB are read at most",
            path=name,
            kind="too_large",
        )
    if b"%PDF-" not in head[:_HEAD] and _is_something_else(head):
        raise FileError(f"{name}: is not a PDF file", path=name, kind="unsupported")


def _is_something_else(head: bytes) -> bool:
    """Whether the beginning holds nothing that a PDF is made of: a broken one lacks its mark."""
    return not any(mark in head for mark in (b" obj", b"%PDF", b"endobj", b"xref", b"/Type"))
