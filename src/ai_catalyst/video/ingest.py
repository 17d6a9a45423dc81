"""A folder of videos into the library: what is done is not done again, what is broken is said."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from ai_catalyst.errors import FileError
from ai_catalyst.io.files import write_atomic
from ai_catalyst.video.library import change_video, create_video, get_video_by_id
from ai_catalyst.video.place import here
from ai_catalyst.video.processing import Processed, stream_video_files
from ai_catalyst.video.rows import Video

__all__ = ["SUFFIXES", "Ingested", "ingest_folder"]

SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3gp", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4"),
        *("mpeg", "mpg", "mts", "ogv", "ts", "webm", "wmv"),
    )
)


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
    (one that failed is, with ``retry_failed``), one that a killed run left behind is. With
    ``output`` its poster, thumbnails, contact sheet and the words of its subtitles are written
    there, in a folder of its id: ``catalyst run`` reads the words. Raises `FileError` when the
    folder cannot be read.
    """
    waiting: list[_Found] = []
    for found in await asyncio.to_thread(_videos_in, Path(folder)):
        video = await get_video_by_id(found.id)
        if video is not None and video.status == "failed" and retry_failed:
            await (await here()).rows.delete(video.id)
            video = None
        if video is not None and video.status in {"ready", "failed"}:
            yield Ingested(video, again=True)
            continue
        if video is None:
            video = await create_video(
                {
                    "id": found.id,
                    "user_id": user_id,
                    "title": found.path.stem,
                    "path": str(found.path),
                }
            )
        if video.status == "uploaded":
            await change_video(video.id, "processing", {})
        waiting.append(found)
    ids = iter(waiting)
    async for processed in stream_video_files([found.path for found in waiting]):
        found = next(ids)
        yield Ingested(await _finish(found, processed, output))


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
