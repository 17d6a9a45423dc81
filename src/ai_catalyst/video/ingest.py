"""A folder of videos into the library: what is done is not done again, what is broken is said."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from ai_catalyst.engine import Batch
from ai_catalyst.errors import FileError
from ai_catalyst.io.files import write_atomic
from ai_catalyst.video.leases import Leases
from ai_catalyst.video.library import change_video, create_video, get_video_by_id
from ai_catalyst.video.place import here
from ai_catalyst.video.processing import Processed, process_video_file
from ai_catalyst.video.rows import Video

__all__ = ["SUFFIXES", "Ingested", "ingest_folder"]

SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3gp", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4"),
        *("mpeg", "mpg", "mts", "ogv", "ts", "webm", "wmv"),
    )
)


_LOOK_AGAIN_S = 0.2


@dataclass(frozen=True, slots=True)
class Ingested:
    """One file of the folder: its video, and whether it was there, done, before."""

    video: Video
    again: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    id: str
    path: Path


async def ingest_folder(
    folder: Path | str,
    *,
    user_id: str = "local",
    output: Path | str | None = None,
    retry_failed: bool = False,
) -> AsyncIterator[Ingested]:
    """Take every video of a folder into the library; yields each when it is ``ready | failed``.

    A file is known by its path, size and time of change: one that is done is not looked at again
    (one that failed is, with ``retry_failed``), one that a killed run left behind is. What another
    process is looking at is waited for. With
    ``output`` its poster, thumbnails, contact sheet and the words of its subtitles are written
    there, in a folder of its id: ``catalyst run`` reads the words. Raises `FileError` when the
    folder cannot be read.
    """
    waiting: list[_Found] = []
    found = await asyncio.to_thread(_videos_in, Path(folder))
    async with Leases((await here()).leases) as leases:
        run = _Run(leases, user_id, output, retry_failed, dt.datetime.now(dt.UTC))
        async with Batch(run.take, found, _at_once(), ordered=True, fail_fast=True) as batch:
            async for outcome in batch:
                if outcome.value is not None:
                    yield outcome.value
                else:
                    waiting.append(outcome.item)
        while waiting:  # until the others have done theirs, or died
            await asyncio.sleep(_LOOK_AGAIN_S)
            for one in list(waiting):
                taken = await run.take(one)
                if taken is not None:
                    waiting.remove(one)
                    yield taken


def _at_once() -> int:
    """One file waits for each that is decoded, so that no worker does."""
    return 2 * (os.cpu_count() or 1)


@dataclass(slots=True)
class _Run:
    """What one run does with each file."""

    leases: Leases
    user_id: str
    output: Path | str | None
    retry_failed: bool
    started: dt.datetime

    async def take(self, found: _Found) -> Ingested | None:
        """Look at a file, if nobody has and nobody does; None while another does."""
        video = await get_video_by_id(found.id)
        if video is not None and self._is_done(video):
            return Ingested(video, again=True)
        if not await self.leases.take(found.id):
            return None
        try:
            video = await get_video_by_id(found.id)
            if video is not None and self._is_done(video):  # since we looked
                return Ingested(video, again=True)
            return await self._look_at(found, video)
        finally:
            await self.leases.give_back(found.id)

    def _is_done(self, video: Video) -> bool:
        """Whether a video needs no look; one that failed since this run began was retried."""
        again = self.retry_failed and video.created_at < self.started
        return video.status == "ready" or (video.status == "failed" and not again)

    async def _look_at(self, found: _Found, video: Video | None) -> Ingested:
        if video is not None and video.status == "failed":
            await (await here()).rows.delete(video.id)
            video = None
        if video is None:
            video = await create_video(
                {
                    "id": found.id,
                    "user_id": self.user_id,
                    "title": found.path.stem,
                    "path": str(found.path),
                }
            )
        if video.status == "uploaded":
            await change_video(video.id, "processing", {})
        processed = await process_video_file(found.path)
        return Ingested(await _finish(found, processed, self.output))


async def _finish(found: _Found, processed: Processed, output: Path | str | None) -> Video:
    if processed.error is not None:
        changes: dict[str, object] = {"error": str(processed.error)}
    else:
        if output is not None:
            await asyncio.to_thread(_write, Path(output) / found.id, processed)
        changes = {
            "duration_s": processed.duration_s,
            "width": processed.width,
            "height": processed.height,
            "rotation": processed.rotation,
            "video_codec": processed.video_codec,
            "audio_codec": processed.audio_codec,
            "text": processed.document and processed.document.text,
        }
    await change_video(found.id, "ready" if processed.ok else "failed", changes)
    video = await get_video_by_id(found.id)
    assert video is not None, "a row that was just changed is there"
    return video


def _videos_in(folder: Path) -> list[_Found]:
    """Return the videos below a folder, in order of their paths."""
    if not folder.is_dir():
        raise FileError(f"{folder} is not a folder", path=str(folder), kind="missing")
    found: list[_Found] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            stat = path.stat()
            known = f"{path.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}"
            digest = hashlib.sha256(known.encode("utf-8", "surrogateescape"))
            found.append(_Found(digest.hexdigest()[:32], path))
    return found


def _write(folder: Path, processed: Processed) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / "poster.jpg", processed.poster)
    write_atomic(folder / "contact-sheet.jpg", processed.contact_sheet)
    for number, thumbnail in enumerate(processed.thumbnails, 1):
        write_atomic(folder / f"thumbnail-{number}.jpg", thumbnail)
    if processed.document is not None:
        write_atomic(folder / "subtitles.txt", processed.document.text.encode())
