"""Send a large body, streamed: never whole in memory, never on the event loop's time."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ai_catalyst.errors import FileError
from ai_catalyst.io.failures import FetchError
from ai_catalyst.io.hop import parse_url
from ai_catalyst.io.transfer import HOP, Meter, Progress, check_status, metered, session

if TYPE_CHECKING:
    from yarl import URL

__all__ = ["Uploadable", "upload"]

log = logging.getLogger(__name__)

PIECE = 256 * 1024

Uploadable = (
    bytes | bytearray | memoryview | str | Path | IO[bytes] | Iterable[bytes] | AsyncIterable[bytes]
)
"""What `upload` can stream."""


async def upload(
    url: str,
    data: Uploadable,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    on_progress: Progress | None = None,
    stall_s: float = 60.0,
) -> bool:
    """Send bytes, text, a file (a `Path` or an open one) or an iterable of bytes, streamed.

    True when the server answered 2xx; else False, and the reason is logged. Given up when nothing
    moves for ``stall_s`` seconds. Never tried again: the server may have taken a part.
    """
    if not any(hasattr(data, way) for way in ("read", "open", "__iter__", "__aiter__")):
        raise TypeError(f"cannot upload a {type(data).__name__}: give bytes, a path or a file")
    try:
        target = parse_url(url)
        async with metered(target, on_progress, stall_s) as meter:
            await _send(method, target, data, dict(headers or {}), meter)
    except (FetchError, FileError) as error:
        log.error("upload failed: %s", error)
        return False
    return True


async def _send(method: str, url: URL, data: Any, headers: dict[str, str], meter: Meter) -> None:
    opened = await asyncio.to_thread(_open, data) if isinstance(data, Path) else None
    try:
        body = opened or (data.encode() if isinstance(data, str) else data)
        meter.total = await asyncio.to_thread(_size, body)
        if meter.total is not None:
            headers["Content-Length"] = str(meter.total)
        async with session().request(
            method,
            url,
            data=_counted(body, meter),
            headers={"Content-Type": "application/octet-stream", **headers},
            allow_redirects=False,
        ) as response:
            check_status(response, url, range(200, 300))
            await response.read()
    finally:
        if opened is not None:
            opened.close()


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}", path=str(path)) from error


def _size(body: Any) -> int | None:
    """Return how many bytes will be sent; None when only sending tells."""
    if isinstance(body, bytes | bytearray | memoryview):
        return memoryview(body).nbytes
    try:
        return max(0, os.fstat(body.fileno()).st_size - int(body.tell()))
    except (AttributeError, OSError, ValueError):
        return None


async def _counted(body: Any, meter: Meter) -> AsyncIterator[bytes]:
    async for piece in _pieces(body):
        yield piece
        meter.add(len(piece))


async def _pieces(body: Any) -> AsyncIterator[bytes]:
    """Cut a body into pieces; files are read in thread hops."""
    if isinstance(body, bytes | bytearray | memoryview):
        for piece in _cut(memoryview(body).cast("B")):
            yield piece
    elif hasattr(body, "read"):
        while block := await asyncio.to_thread(body.read, HOP):
            for piece in _cut(memoryview(block)):
                yield piece
    elif hasattr(body, "__aiter__"):
        async for piece in body:
            yield piece
    else:
        for piece in body:
            yield piece


def _cut(view: memoryview) -> Iterable[bytes]:
    return (bytes(view[start : start + PIECE]) for start in range(0, len(view), PIECE))
