"""Web pages: the article in them, without menus and banners."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.markup import decode_markup, flat_text, html_tree, links_of, text_of
from ai_catalyst.documents.readers.registry import Data, Reader, Sample
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from ai_catalyst.documents.blob import Blob

__all__ = ["READERS", "read_html", "read_html_flat"]

MAX_BYTES = 20 * 2**20
_SHORT = 200
"""Below this many characters what was extracted is compared with all the text of the page."""
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
    try:
        tree = html_tree(page)
    except FileError as error:
        if error.kind != "too_large":
            raise
        yield from _flat(page)
        return
    yield _article(tree, page, blob.url)


def _article(tree: HtmlElement, page: str, url: str | None) -> dict[str, Any]:
    import trafilatura

    language = (tree.get("lang") or tree.get("xml:lang") or "").strip()[:35]
    base = url or next((e.get("href") for e in tree.iter("base") if e.get("href")), None)
    links = links_of(tree, base)
    found = trafilatura.bare_extraction(
        tree, url=url, fast=True, include_comments=False, with_metadata=True
    )
    text = str(getattr(found, "text", "") or "")
    if len(text) < _SHORT:
        everything = text_of(html_tree(page))  # trafilatura has taken the first tree apart
        text = everything if len(everything) > 4 * len(text) else text
    data: dict[str, Any] = {"text": text}
    for name in ("title", "author", "date", "description"):
        value = getattr(found, name, None)
        if value:
            data[name] = value
    if "title" not in data:
        data["title"] = _title(page)
    if language:
        data["language"] = language
    if links:
        data["links"] = links
    return data


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
        rescue=read_html_flat,
        max_bytes=MAX_BYTES,
    ),
)
