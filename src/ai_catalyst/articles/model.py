"""The wing's nouns: an article as a feed names it, and a page as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ai_catalyst.errors import UserError

__all__ = ["Article", "Page", "article_from"]


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
    comments: str = ""
    image: str = ""


@dataclass(slots=True)
class Page:
    """What a web page says: ``text`` is the article alone, ``links`` are absolute addresses.

    ``canonical`` is the address the page wants to be known by. ``problem`` says why it is no
    article, in one word: ``login``, ``paywall``, ``not_found`` (though the server said 200),
    ``script_only``, ``consent`` or ``empty``; None when nothing speaks against it.
    """

    text: str
    title: str = ""
    author: str | None = None
    date: str | None = None
    language: str | None = None
    links: list[str] = field(default_factory=list)
    url: str | None = None
    canonical: str | None = None
    description: str | None = None
    problem: str | None = None


_ARTICLE = {field.name for field in fields(Article)}


def article_from(given: Any) -> Article:
    """Return the article that a mapping, an object with its fields, or a URL stands for.

    Raises `UserError` for what is none.
    """
    if isinstance(given, Article):
        return given
    if isinstance(given, str):
        return Article(url=given)
    if isinstance(given, Mapping):
        known = {name: value for name, value in given.items() if name in _ARTICLE}
    else:
        known = {name: getattr(given, name) for name in _ARTICLE if hasattr(given, name)}
    known = {name: value for name, value in known.items() if value is not None}
    if not known:
        raise UserError(f"a {type(given).__name__} is no article: give it a title and a url")
    return Article(**known)
