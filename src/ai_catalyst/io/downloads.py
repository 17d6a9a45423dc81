"""Bring a large body into a file: streamed, resumed where it broke off, checked at the end."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ai_catalyst.engine.retry import Retry
from ai_catalyst.io.failures import FetchError, FetchTimeout, WrongContent, shown
from ai_catalyst.io.files import sync_folder, unusable
from ai_catalyst.io.hop import parse_url
from ai_catalyst.io.http import worth_another_try
from ai_catalyst.io.transfer import HOP, Meter, Progress, check_status, metered, session

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

__all__ = ["download"]

_RANGE = re.compile(r"bytes (\d+)-")


class _Stale(FetchError):
    """Raised when what is there cannot be continued, so that the next attempt starts anew."""


def _again(error: Exception) -> bool:
    return isinstance(error, _Stale | FetchTimeout) or worth_another_try(error)


async def download(
    url: str,
    path: str | os.PathLike[str],
    *,
    headers: Mapping[str, str] | None = None,
    sha256: str | None = None,
    resume: bool = True,
    on_progress: Progress | None = None,
    stall_s: float = 60.0,
    retry: Retry | None = None,
) -> Path:
    """Stream a URL into a file that appears under its name only when it is complete.

    What has come is kept as ``<name>.part``; the next attempt, or with ``resume`` the next call,
    continues it while the server still has the same content. ``sha256`` (hex) is checked. Returns
    the path. Raises `FetchError`, or `FileError` when the file cannot be written.
    """
    target = parse_url(url)
    part = _Part(Path(path))
    if not resume:
        await asyncio.to_thread(part.discard)

    async def attempt() -> None:
        async with metered(target, on_progress, stall_s) as meter:
            await _receive(target, part, dict(headers or {}), meter)

    await (retry or Retry(attempts=5, on=_again)).run(attempt)
    await asyncio.to_thread(part.finish, shown(target), sha256)
    return part.path


async def _receive(url: URL, part: _Part, headers: dict[str, str], meter: Meter) -> None:
    have, tag = await asyncio.to_thread(part.state)
    if have and tag:
        headers |= {"Range": f"bytes={have}-", "If-Range": tag}
    async with session().get(url, headers=headers) as response:
        start = _start_of(response)
        if response.status == 416 or start not in {0, have}:
            await asyncio.to_thread(part.discard)
            raise _Stale(f"{shown(url)} has changed and cannot be continued", url=shown(url))
        check_status(response, url, (200, 206))
        meter.done = start
        if response.content_length is not None:
            meter.total = start + response.content_length
        file = await asyncio.to_thread(part.open_at, start, _validator(response))
        try:
            await _store(response, file, part, meter)
        finally:
            file.close()


def _start_of(response: aiohttp.ClientResponse) -> int:
    """Return the place in the whole that a response begins at."""
    if response.status != 206:
        return 0
    found = _RANGE.match(response.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


def _validator(response: aiohttp.ClientResponse) -> str:
    """Return what names this content strongly enough to continue it later, or nothing."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


async def _store(
    response: aiohttp.ClientResponse, file: IO[bytes], part: _Part, meter: Meter
) -> None:
    """Write what comes, a thread hop for every 2 MB; also what came before it broke off."""
    held: list[bytes] = []
    size = 0
    try:
        async for chunk in response.content.iter_any():
            held.append(chunk)
            size += len(chunk)
            meter.add(len(chunk))
            if size >= HOP:
                await asyncio.to_thread(part.write, file, held)
                held, size = [], 0
    finally:
        part.write(file, held)


class _Part:
    """The unfinished file: its bytes, and the tag of the content they are part of."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._bytes = path.with_name(path.name + ".part")
        self._tag = path.with_name(path.name + ".part.tag")

    def state(self) -> tuple[int, str]:
        """Return how much is there and of what; nothing when it cannot be continued."""
        try:
            return self._bytes.stat().st_size, self._tag.read_text("latin-1")
        except OSError:
            return 0, ""

    def open_at(self, start: int, tag: str) -> IO[bytes]:
        try:
            self._tag.write_text(tag, "latin-1")
            file = self._bytes.open("r+b" if start else "wb")
            file.seek(start)
            file.truncate()
        except OSError as error:
            raise unusable("write", self.path, error) from error
        return file

    def write(self, file: IO[bytes], blocks: Iterable[bytes]) -> None:
        try:
            file.writelines(blocks)
        except OSError as error:
            raise unusable("write", self.path, error) from error

    def finish(self, name: str, sha256: str | None) -> None:
        """Check the whole, make it durable and give it its name."""
        try:
            with self._bytes.open("r+b") as file:
                if sha256 is not None:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                    if digest != sha256.lower():
                        self.discard()
                        raise WrongContent(f"{name}: the checksum does not match", url=name)
                os.fsync(file.fileno())
            self._bytes.replace(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            if isinstance(error, FetchError):
                raise
            raise unusable("write", self.path, error) from error
        self._tag.unlink(missing_ok=True)

    def discard(self) -> None:
        """Forget what is there."""
        for path in (self._tag, self._bytes):
            with suppress(OSError):
                path.unlink()
