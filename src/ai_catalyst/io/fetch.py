"""Fetch JSON and many URLs: the toolkit's way to servers its user has chosen.

Unlike a scraper's `HttpClient`, these functions dial any address: the user names the server.
"""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from ai_catalyst.engine.batch import Batch
from ai_catalyst.io.failures import WrongContent
from ai_catalyst.io.http import HttpClient

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ai_catalyst.io.response import Response

__all__ = ["Fetched", "batch_fetch", "fetch_json"]

T = TypeVar("T")

DIRECT = 512 * 1024
"""JSON up to this size, in bytes, is decoded in one go; larger is cut so that the loop breathes."""


class Fetched(list[T], Generic[T]):
    """What `batch_fetch` brought, in the order of its URLs; None where one failed.

    ``errors`` maps the place of each failed URL to its exception.
    """

    def __init__(self, items: Iterable[T] = ()) -> None:
        """Start without errors."""
        super().__init__(items)
        self.errors: dict[int, Exception] = {}


class _SharedClient(HttpClient):
    """The process's own client: its sessions end with their loops, so nobody need close it."""

    def __del__(self) -> None:
        """Stay silent: it lives as long as the process."""


@cache
def _client() -> HttpClient:
    return _SharedClient(guard=False, max_bytes=256 * 2**20)


async def fetch_json(
    url: str, *, headers: Mapping[str, str] | None = None, timeout_s: float = 30.0
) -> Any:
    """Fetch a URL and decode its JSON.

    Retries what is worth it. Raises `FetchError`, which is also an `aiohttp.ClientError`:
    `HttpStatusError` with its ``status``, `FetchTimeout`, `WrongContent` when it is no JSON, ….
    """
    wanted = {"Accept": "application/json", **(headers or {})}
    return await _decoded(await _client().get(url, headers=wanted, timeout_s=timeout_s))


async def batch_fetch(
    urls: Iterable[str],
    *,
    max_concurrent: int = 100,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 30.0,
) -> Fetched[Any]:
    """Fetch many URLs at once, at most 30 from one host, and return the results in order.

    A result is decoded JSON when the server calls it that, else the text, or bytes of anything that
    is not text. Where a URL failed stands None, and ``.errors[index]`` says why.
    """

    async def fetch(url: str) -> Any:
        response = await _client().get(url, headers=headers, timeout_s=timeout_s)
        if response.media_type == "application/json" or response.media_type.endswith("+json"):
            return await _decoded(response)
        return response.text if response.charset else response.body

    fetched: Fetched[Any] = Fetched()
    async with Batch(fetch, urls, limit=max_concurrent, ordered=True) as batch:
        async for outcome in batch:
            if outcome.error is not None:
                fetched.errors[len(fetched)] = outcome.error
            fetched.append(outcome.value)
    return fetched


async def _decoded(response: Response) -> Any:
    body = response.body
    if response.charset not in {None, "utf-8"}:
        body = response.text.encode()
    try:
        return await _decode(body)
    except (ValueError, msgspec.MsgspecError) as error:
        name = response.url.partition("?")[0]
        raise WrongContent(f"{name} is not JSON", url=name) from error


async def _decode(body: bytes | msgspec.Raw) -> Any:
    """Decode JSON; a large array or object member by member, letting the loop run between."""
    start = bytes(memoryview(body)[:64]).lstrip()[:1]
    if len(memoryview(body)) <= DIRECT or start not in {b"[", b"{"}:
        return _decode_small(body)
    try:
        if start == b"[":
            return await _decode_each(msgspec.json.decode(body, type=list[msgspec.Raw]))
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return _decode_small(body)
    return dict(zip(members, await _decode_each(members.values()), strict=True))


async def _decode_each(parts: Iterable[msgspec.Raw]) -> list[Any]:
    decoded: list[Any] = []
    since_pause = 0
    for part in parts:
        size = len(memoryview(part))
        decoded.append(await _decode(part) if size > DIRECT else _decode_small(part))
        since_pause += size
        if since_pause > DIRECT:
            since_pause = 0
            await asyncio.sleep(0)
    return decoded


def _decode_small(body: bytes | msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return json.loads(bytes(body))  # NaN and Infinity, which are not JSON but are written
