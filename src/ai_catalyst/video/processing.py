"""Many video files looked at in worker processes: one that is broken fails alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_catalyst.engine.workers import shared_pool
from ai_catalyst.errors import UserError
from ai_catalyst.model import Document
from ai_catalyst.video.decoding import look
from ai_catalyst.video.library import sync_twin

__all__ = [
    "Processed",
    "process_video_file",
    "process_video_files",
    "process_video_files_async",
    "stream_video_files",
]

TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Processed:
    """What a video file holds, or the ``error`` that kept it from being read.

    ``width`` and ``height`` in pixels as shown, ``rotation`` in degrees (already applied); poster,
    thumbnails (512 × 512) and contact sheet are JPEGs. ``document`` holds the words of its
    subtitles, None when it has none.
    """

    path: str
    error: Exception | None = None
    duration_s: float = 0.0
    width: int = 0
    height: int = 0
    rotation: int = 0
    video_codec: str = ""
    audio_codec: str | None = None
    streams: int = 0
    poster: bytes = b""
    thumbnails: tuple[bytes, ...] = ()
    contact_sheet: bytes = b""
    document: Document | None = None

    @property
    def ok(self) -> bool:
        """Whether the file could be read."""
        return self.error is None


async def process_video_files_async(paths: Iterable[str | Path]) -> list[Processed]:
    """Return what each file holds, in order, decoded in worker processes on all cores."""
    return [processed async for processed in stream_video_files(paths)]


process_video_files = sync_twin(process_video_files_async)


async def stream_video_files(paths: Iterable[str | Path]) -> AsyncIterator[Processed]:
    """Yield what each file holds, in order, as the workers get to it."""
    names = [str(path) for path in paths]
    async with shared_pool().map(look, names, timeout=TIMEOUT_S, chunk=1) as outcomes:
        async for outcome in outcomes:
            if outcome.error is not None:
                yield Processed(outcome.item, _as_exception(outcome.error))
            else:
                yield _processed(outcome.item, dict(outcome.value or {}))


async def process_video_file(path: str | Path) -> Processed:
    """Return what one file holds, decoded in a worker process."""
    try:
        found = await shared_pool().run(look, str(path), timeout=TIMEOUT_S)
    except UserError:  # nothing is wrong with the file
        raise
    except Exception as error:  # noqa: BLE001 - it is what there is to say of the file
        return Processed(str(path), error)
    return _processed(str(path), dict(found))


def _processed(path: str, found: dict[str, Any]) -> Processed:
    text = str(found.pop("text", ""))
    thumbnails = tuple(found.pop("thumbnails", ()))
    meta: dict[str, Any] = {
        key: found[key] for key in ("duration_s", "width", "height") if key in found
    }
    document = None
    if text:
        document = Document(path, text, title=Path(path).stem, kind="video", meta=meta)
    return Processed(path, thumbnails=thumbnails, document=document, **found)


def _as_exception(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else RuntimeError(type(error).__name__)
