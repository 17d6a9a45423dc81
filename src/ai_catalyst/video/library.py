"""The library's functions: rows by id and by user, one cached value each, a status that moves."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

import msgspec

from ai_catalyst.engine.blocking import run_here
from ai_catalyst.errors import UserError
from ai_catalyst.io.uploads import Uploadable, upload
from ai_catalyst.video.place import here
from ai_catalyst.video.rows import ATTEMPT, NEXT, Id, Video, check_status

__all__ = [
    "batch_create_videos",
    "batch_create_videos_async",
    "change_video",
    "create_video",
    "get_cached_video",
    "get_cached_video_async",
    "get_user_videos",
    "get_user_videos_async",
    "get_video_by_id",
    "list_videos",
    "set_cached_video",
    "set_cached_video_async",
    "sync_twin",
    "update_video_status",
    "upload_video",
    "upload_video_async",
]

P = ParamSpec("P")
T = TypeVar("T")


def sync_twin(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Return the sync form of a coroutine function ``x_async``, named ``x``."""

    @functools.wraps(function)
    def twin(*args: P.args, **kwargs: P.kwargs) -> T:
        return run_here(function(*args, **kwargs), function.__name__)

    twin.__name__ = twin.__qualname__ = function.__name__.removesuffix("_async")
    twin.__doc__ = f"Sync twin of `{function.__name__}`.\n\n{function.__doc__}"
    return twin


async def create_video(data: Mapping[str, Any]) -> Video:
    """Keep a new video and return it.

    ``data`` holds ``user_id`` and ``title``, and any other field of `Video`; without an ``id`` one
    is made. Raises `UserError` for wrong fields, `StoreError` when the id is there already.
    """
    video = _made(data)
    await (await here()).rows.add(video.as_dict())
    return video


async def batch_create_videos_async(rows: Iterable[Mapping[str, Any]]) -> list[Video]:
    """Keep many new videos, all or none, and return them in order."""
    made = [_made(row) for row in rows]
    await (await here()).rows.add_many([video.as_dict() for video in made])
    return made


async def get_video_by_id(id: Id) -> Video | None:  # noqa: A002 - the contract's name
    """Return a video, None when there is none with this id."""
    found = await (await here()).rows.get(id)
    return None if found is None else Video.from_row(found)


async def get_user_videos_async(user_id: Id) -> list[Video]:
    """Return a user's videos, the oldest first."""
    return await list_videos(user_id=user_id)


async def list_videos(status: str | None = None, user_id: Id | None = None) -> list[Video]:
    """Return the videos with a status, of a user, or all, the oldest first.

    Raises `ValueError` for what is no status.
    """
    where: dict[str, Any] = {}
    if status is not None:
        check_status(status)
        where["status"] = status
    if user_id is not None:
        where["user_id"] = user_id
    rows = (await here()).rows.stream(where, order_by="created_at")
    return [Video.from_row(row) async for row in rows]


async def update_video_status(id: Id, status: str) -> bool:  # noqa: A002 - the contract's name
    """Move a video on; False when there is none with this id.

    Raises `ValueError`, naming both, for a change that ``uploaded → processing → ready | failed``
    does not know. Of two callers that want the same change one makes it, the other gets the error.
    """
    check_status(status)
    return await change_video(id, status, {})


async def change_video(id: Id, status: str, more: Mapping[str, Any]) -> bool:  # noqa: A002
    """Move a video on and change other fields with it, in one statement."""
    rows = (await here()).rows
    attempt = uuid.uuid4().hex
    while True:
        found = await rows.get(id)
        if found is None:
            return False
        old = found["status"]
        if found[ATTEMPT] == attempt:  # done; only the answer was lost with its connection
            break
        if status not in NEXT[old]:
            raise ValueError(f"a video that is {old!r} cannot become {status!r}")
        changes = {"status": status, ATTEMPT: attempt, **more}
        # Somebody else may have moved it since we looked: then it is looked at again.
        if await rows.update(changes, {"id": id, "status": old}):
            break
    await _uncache(id)
    return True


async def get_cached_video_async(id: Id) -> dict[str, Any] | None:  # noqa: A002
    """Return what `set_cached_video_async` kept for an id, None when there is nothing."""
    cache = (await here()).cache
    text = None if cache is None else await cache.get(f"video:{id}")
    found: dict[str, Any] | None = None if text is None else msgspec.json.decode(text)
    return found


async def set_cached_video_async(
    id: Id,  # noqa: A002 - the contract's name
    data: Mapping[str, Any] | Video,
    ttl: float = 3600,
) -> bool:
    """Keep a video, or any mapping of JSON values, for ``ttl`` seconds under ``video:{id}``.

    In Redis, as JSON; in this process's memory while Redis is away. False without any Redis.
    """
    cache = (await here()).cache
    if cache is None:
        return False
    value = data.as_dict() if isinstance(data, Video) else dict(data)
    try:
        text = msgspec.json.encode(value).decode()
    except TypeError as error:
        raise UserError("a cached video holds only JSON values") from error
    return await cache.set(f"video:{id}", text, ttl)


async def upload_video_async(data: Uploadable, url: str) -> bool:
    """Send a video, streamed: bytes, a path, or an open file; True when the server took it."""
    return await upload(url, data)


batch_create_videos = sync_twin(batch_create_videos_async)
get_user_videos = sync_twin(get_user_videos_async)
get_cached_video = sync_twin(get_cached_video_async)
set_cached_video = sync_twin(set_cached_video_async)
upload_video = sync_twin(upload_video_async)


def _made(data: Mapping[str, Any]) -> Video:
    return Video.of({"id": uuid.uuid4().hex, **{k: v for k, v in data.items() if v is not None}})


async def _uncache(id: Id) -> None:  # noqa: A002
    """A cached video must not tell an older status than the row."""
    cache = (await here()).cache
    if cache is not None:
        await cache.delete(f"video:{id}")
