"""The video library: rows with a status that only moves forward, pictures and words of each."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.video.ingest import Ingested, ingest_folder
    from ai_catalyst.video.library import (
        batch_create_videos,
        batch_create_videos_async,
        create_video,
        get_cached_video,
        get_cached_video_async,
        get_user_videos,
        get_user_videos_async,
        get_video_by_id,
        list_videos,
        set_cached_video,
        set_cached_video_async,
        update_video_status,
        upload_video,
        upload_video_async,
    )
    from ai_catalyst.video.place import configure
    from ai_catalyst.video.processing import (
        Processed,
        process_video_files,
        process_video_files_async,
    )
    from ai_catalyst.video.rows import Video

_HOMES = {
    "ai_catalyst.video.ingest": ("Ingested", "ingest_folder"),
    "ai_catalyst.video.library": (
        "batch_create_videos",
        "batch_create_videos_async",
        "create_video",
        "get_cached_video",
        "get_cached_video_async",
        "get_user_videos",
        "get_user_videos_async",
        "get_video_by_id",
        "list_videos",
        "set_cached_video",
        "set_cached_video_async",
        "update_video_status",
        "upload_video",
        "upload_video_async",
    ),
    "ai_catalyst.video.place": ("configure",),
    "ai_catalyst.video.processing": (
        "Processed",
        "process_video_files",
        "process_video_files_async",
    ),
    "ai_catalyst.video.rows": ("Video",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Ingested",
    "Processed",
    "Video",
    "batch_create_videos",
    "batch_create_videos_async",
    "configure",
    "create_video",
    "get_cached_video",
    "get_cached_video_async",
    "get_user_videos",
    "get_user_videos_async",
    "get_video_by_id",
    "ingest_folder",
    "list_videos",
    "process_video_files",
    "process_video_files_async",
    "set_cached_video",
    "set_cached_video_async",
    "update_video_status",
    "upload_video",
    "upload_video_async",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
