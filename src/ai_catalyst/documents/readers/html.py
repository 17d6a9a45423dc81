"""Web pages: the article in them, without menus and banners."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.extraction import read_page
from ai_catalyst.documents.markup import decode_markup, flat_text
from ai_catalyst.documents.readers.registry import Data, Reader, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai_catalyst.documents.blob import Blob

__all__ = ["READERS", "read_html", "read_html_flat"]

MAX_BYTES = 20 * 2**20
_START = re.compile(
    rb"(?:<\?xml[^>]*+>\s*+)?(?>(?><!--.*?-->)\s*+)*+"
    rb"(?:<!doctype\s+html|<html\b|<head\b|<body\b|<title\b|<meta\b)",
    re.DOTALL,
)
_INSIDE = re.compile(rb"<(?:html|head|body)\b[^>]*>")
_LOOSE = re.compile(rb"<(?:p|div|h[1-6]|table|article|section|ul|ol|span|br|a)\b[^>]*>")
_TITLE = re.compile(r"<title[^>]*>(.{0,1000}?)</title", re.DOTALL | re.IGNORECASE)


def read_html(blob: Blob) -> Iterator[Data]:
    """Yield one item: ``text``, and ``title, author, date, language, description, links`` if known.

    ``text`` is the main content; all readable text where no main content stands out.
    """
    page = decode_markup(blob.read(MAX_BYTES), blob.charset)
    found = read_page(page, blob.url)
    about = found.about
    data: dict[str, Any] = {"text": found.text, "title": about.title or _title(page)}
    for name in ("author", "date", "description", "language"):
        value = getattr(about, name)
        if value:
            data[name] = value
    if found.links:
        data["links"] = found.links
    yield data


def read_html_flat(blob: Blob) -> Iterator[Data]:
    """Yield the text of a page that cannot be parsed, by cutting its tags out."""
    yield from _flat(decode_markup(blob.read(MAX_BYTES), blob.charset))


def _flat(page: str) -> Iterator[Data]:
    yield {"text": flat_text(page), "title": _title(page)}


def _title(page: str) -> str:
    found = _TITLE.search(page, 0, 2**16)
    return flat_text(found[1]) if found else ""


def sniff_html(sample: Sample) -> int:
    """Know a page by how it starts; less surely by tags further on."""
    text = sample.text
    if _START.match(text):
        return 80
    if text.startswith(b"<") and (_INSIDE.search(text) or _LOOSE.match(text)):
        return 60 if _INSIDE.search(text) else 30
    return 0


READERS = (
    Reader(
        "html",
        read_html,
        extensions=("html", "htm", "xhtml"),
        media_types=("text/html", "application/xhtml+xml"),
        sniff=sniff_html,
        starts=b"<",
        hostile=True,
        version=2,
        rescue=read_html_flat,
        max_bytes=MAX_BYTES,
    ),
)
