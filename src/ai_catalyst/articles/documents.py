"""What is behind a link and is no web page: a PDF, a Word file, a text; its reader knows it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from ai_catalyst.articles.model import Page
from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.loading import Loader, Pool
from ai_catalyst.documents.opening import open_blob
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ai_catalyst.io.response import Response

__all__ = ["page_of_document"]


async def page_of_document(
    response: Response, *, pool: object = None, timeout_s: float = 60.0
) -> Page:
    """Return the text of a fetched document, read by its format's own reader.

    Raises `FileError` when it cannot be read, or is no single text (a feed, a table).
    """
    blob = Blob(
        response.url,
        data=response.body,
        media_type=response.media_type,
        charset=response.charset,
        url=response.url,
    )
    opened = await asyncio.to_thread(open_blob, blob)
    opened = await Loader(pool=cast("Pool | None", pool), timeout_s=timeout_s).load(opened)
    if opened.error is not None:
        raise opened.error
    name = response.url
    if opened.reader is None or opened.reader.shape != "text":
        kind = opened.reader.kind if opened.reader else "unknown"
        raise FileError(f"{name}: a {kind} is no page to read", path=name, kind="unsupported")
    item = next((one for one in opened.found or () if not isinstance(one, FileError)), None)
    text = str(item.get("text", "")) if item is not None else ""
    if item is None or not text.strip():
        raise FileError(f"{name}: holds no text", path=name, kind="no_text")
    return Page(
        text,
        str(item.get("title") or ""),
        author=_said(item, "author"),
        date=_said(item, "date"),
        language=_said(item, "language"),
        links=[str(link) for link in cast("list[Any]", item.get("links") or [])],
        url=name,
    )


def _said(item: Mapping[str, Any], name: str) -> str | None:
    return str(item[name]) if item.get(name) else None
