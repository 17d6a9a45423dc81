"""The answer to a fetch, and how its body is read without trusting a word of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from ai_catalyst.io.decoding import decoder_for
from ai_catalyst.io.failures import FetchError, FetchTimeout, TooLarge, WrongContent, shown

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

__all__ = ["Response", "read_body", "retry_after_s"]

YIELD_EVERY = 2 * 2**20
"""Bytes decoded before the loop may do something else."""
SLICE = 8192
BOMB_SIZE = 2**20
BOMB_RATIO = 250
"""Honest text shrinks 3 to 30 times, tables full of zeros a hundred; gzip's limit is 1032."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with its body, decoded.

    ``url`` is where it came from in the end, without credentials; ``headers`` compare without case;
    ``media_type`` is in lower case (``text/html``) and ``charset`` the Python codec of a text body,
    None for a binary one; ``redirects`` lists (status, URL it led to). ``status`` is 2xx, or 304
    when a conditional request met nothing new.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    media_type: str = "application/octet-stream"
    charset: str | None = None
    redirects: tuple[tuple[int, str], ...] = ()

    @property
    def text(self) -> str:
        """The body as text; letters that do not fit become ``U+FFFD``."""
        return self.body.decode(self.charset or "utf-8", "replace")

    @property
    def not_modified(self) -> bool:
        """Whether what the caller has is still current (304)."""
        return self.status == 304

    @property
    def etag(self) -> str | None:
        """The entity tag, for the next conditional request."""
        return self.headers.get("ETag")

    @property
    def last_modified(self) -> str | None:
        """The date of the content, for the next conditional request."""
        return self.headers.get("Last-Modified")


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return how many seconds a Retry-After header asks for (a number or a date), or None."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


async def read_body(
    response: aiohttp.ClientResponse,
    url: URL,
    max_bytes: int,
    min_rate: float,
    grace_s: float,
) -> bytes:
    """Read and decode a body, never holding more than ``max_bytes`` of it.

    Raises `TooLarge` as soon as that is known, `FetchTimeout` when after ``grace_s`` seconds fewer
    than ``min_rate`` bytes a second have come on average, `WrongContent` for damaged encodings.
    """
    if (response.content_length or 0) > max_bytes:
        raise _too_large(url, max_bytes)
    encoding = response.headers.get("Content-Encoding", "")
    decoder = decoder_for(encoding)
    if decoder is None:
        raise WrongContent(f"{shown(url)} is encoded in a way we cannot undo", url=shown(url))
    started = time.monotonic()
    parts: list[bytes] = []
    received = decoded = yielded_at = 0
    try:
        async for chunk in response.content.iter_any():
            seconds = time.monotonic() - started
            for part in _slices(chunk) if encoding else (chunk,):
                received += len(part)
                for piece in decoder.pieces(part):
                    parts.append(piece)
                    decoded += len(piece)
                    _check_size(url, received, decoded, max_bytes)
                if decoded - yielded_at >= YIELD_EVERY:
                    yielded_at = decoded
                    await asyncio.sleep(0)
            _check_pace(url, received, seconds, min_rate, grace_s)
        parts.extend(decoder.finish())
    except ValueError as error:
        raise WrongContent(
            f"{shown(url)}: the {encoding} body is damaged: {error}", url=shown(url)
        ) from error
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _slices(chunk: bytes) -> Iterator[bytes]:
    """Cut a chunk small, so that a bomb shows its ratio before much of it is unfolded."""
    return (chunk[start : start + SLICE] for start in range(0, len(chunk), SLICE))


def _check_pace(url: URL, received: int, seconds: float, min_rate: float, grace_s: float) -> None:
    if seconds > grace_s and received < min_rate * seconds:
        raise FetchTimeout(
            f"{shown(url)} sends too slowly: {received} bytes in {seconds:.0f} s", url=shown(url)
        )


def _check_size(url: URL, received: int, decoded: int, max_bytes: int) -> None:
    if decoded > max_bytes:
        raise _too_large(url, max_bytes)
    if decoded > BOMB_SIZE and decoded > received * BOMB_RATIO:
        raise TooLarge(
            f"{shown(url)} unfolds to more than {BOMB_RATIO} times its size: refused as a bomb",
            url=shown(url),
        )


def _too_large(url: URL, max_bytes: int) -> FetchError:
    return TooLarge(f"{shown(url)} is larger than {max_bytes:,} bytes", url=shown(url))
