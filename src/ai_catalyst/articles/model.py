"""The wing's nouns: an article as a feed names it, and a page as it was read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Article", "Page"]


@dataclass(slots=True)
class Article:
    """One entry of a feed. Dates are ISO 8601; ``content`` is the feed's own HTML, often empty.

    ``text`` is the fullest of the feed's own texts, plain, where the parser made it.
    """

    title: str = ""
    url: str = ""
    published: str | None = None
    updated: str | None = None
    summary: str = ""
    content: str = ""
    authors: list[str] = field(default_factory=list)
    guid: str = ""
    tags: list[str] = field(default_factory=list)
    language: str | None = None
    enclosures: list[dict[str, Any]] = field(default_factory=list)
    feed_title: str = ""
    feed_url: str = ""
    text: str = ""


@dataclass(slots=True)
class Page:
    """What a web page says: ``text`` is the article alone, ``links`` are absolute addresses."""

    text: str
    title: str = ""
    author: str | None = None
    date: str | None = None
    language: str | None = None
    links: list[str] = field(default_factory=list)
    url: str | None = None
