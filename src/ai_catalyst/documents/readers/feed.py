"""Feeds as files or as fetched: a record an entry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai_catalyst.documents.feeds import entries_of
from ai_catalyst.documents.readers.registry import Data, Reader, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai_catalyst.documents.blob import Blob

__all__ = ["READERS", "read_feed"]

MAX_BYTES = 64 * 2**20
_NAMED = ("rss", "atom", "rdf", "cdf")
_TYPES = (
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/feed+json",
)
_ROOT = re.compile(
    rb"(?>(?><\?[^>]*+>|<!--.*?-->|<!doctype[^>\[]*+(?:\[.*?\]\s*+)?>)\s*+)*+<(?:[\w.-]+:)?"
    rb"(rss|rdf|feed|channel)\b([^>]*)",
    re.DOTALL,
)
_JSON_FEED = re.compile(
    rb'\{.{0,1000}"version"\s*:\s*"https?:(?:\\?/){2}(?:www\.)?jsonfeed\.org', re.DOTALL
)


def read_feed(blob: Blob) -> Iterator[Data]:
    """Yield each entry: see `entries_of`. Raises `FileError` when it is no feed."""
    yield from entries_of(blob.read(MAX_BYTES), blob.charset, blob.url)


def sniff_feed(sample: Sample) -> int:
    """Know a feed by its root element, or by a name that promises one."""
    text = sample.text
    if text.startswith(b"<"):
        if _ROOT.match(text):
            return 90
        promised = sample.extension in _NAMED or sample.media_type in _TYPES
        return 85 if promised else 0  # a page in its place is told of, not read as the feed
    return 90 if text.startswith(b"{") and _JSON_FEED.match(text) else 0


READERS = (
    Reader(
        "feed",
        read_feed,
        extensions=(*_NAMED, "xml"),
        media_types=(*_TYPES, "application/xml", "text/xml"),
        sniff=sniff_feed,
        starts=b"<{",
        hostile=True,
        version=2,
        shape="entries",
        max_bytes=MAX_BYTES,
    ),
)
