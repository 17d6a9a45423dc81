"""Plain text and Markdown: one record, the whole text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.encoding import decode, plain_text, text_pieces
from ai_catalyst.documents.readers.registry import Data, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai_catalyst.documents.blob import Blob

__all__ = ["READERS", "read_markdown", "read_text"]

_AT_ONCE = 2**20
_FRONT_MATTER = re.compile(r"---\n(.{0,8192}?)\n(?:---|\.\.\.)(?:\n|$)", re.DOTALL)
_FRONT_FIELD = re.compile(
    r"^(title|author|date|language|lang|description):[ \t]*(.+)$", re.MULTILINE
)
_HEADING = re.compile(r"^#{1,2}[ \t]++(.+)$", re.MULTILINE)


def whole_text(blob: Blob) -> str:
    """Return all of a blob as text, a piece at a time where it is long."""
    if blob.data is not None and not blob.gzipped and len(blob.data) <= _AT_ONCE:
        return decode(blob.data, blob.charset)
    limit = blob.limits.whole_bytes
    pieces: list[str] = []
    size = 0
    with blob.open() as file:
        for piece in text_pieces(file, blob.charset):
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise blob.too_large(limit)
    return "".join(pieces)


def glance_text(data: bytes) -> list[Data] | None:
    """Return the one item of a plain UTF-8 text."""
    text = plain_text(data)
    return None if text is None else [{"text": text}]


def glance_markdown(data: bytes) -> list[Data] | None:
    """Return the one item of a plain UTF-8 Markdown text."""
    text = plain_text(data)
    return None if text is None else [_markdown(text)]


def read_text(blob: Blob) -> Iterator[Data]:
    """Yield one item: ``text``."""
    yield {"text": whole_text(blob)}


def read_markdown(blob: Blob) -> Iterator[Data]:
    """Yield one item: ``text`` unchanged, and ``title``, ``author``, ``date`` where it tells them.

    They come from the front matter, the title else from the first heading.
    """
    yield _markdown(whole_text(blob))


def _markdown(text: str) -> dict[str, Any]:
    data: dict[str, Any] = {"text": text}
    front = _FRONT_MATTER.match(text)
    if front:
        for name, value in _FRONT_FIELD.findall(front[1]):
            data["language" if name == "lang" else name] = value.strip().strip("\"'")
    heading = _HEADING.search(text[front.end() if front else 0 :][:65536])
    if "title" not in data and heading:
        data["title"] = heading[1].rstrip("# \t")
    return data


READERS = (
    Reader(
        "text",
        read_text,
        extensions=("txt", "text", "log", "rst", "asc", "srt", "vtt"),
        media_types=("text/plain",),
        glance=glance_text,
    ),
    Reader(
        "markdown",
        read_markdown,
        extensions=("md", "markdown", "mdown", "mkd"),
        media_types=("text/markdown", "text/x-markdown"),
        glance=glance_markdown,
    ),
)
