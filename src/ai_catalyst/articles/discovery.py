"""Which feeds a web page has: those it names itself, and on request those it probably has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from ai_catalyst.documents.markup import absolute, decode_markup, html_tree, is_web
from ai_catalyst.engine.workers import WorkerPool, shared_pool
from ai_catalyst.errors import FileError, WorkerError

if TYPE_CHECKING:
    from lxml.html import HtmlElement

__all__ = ["FeedLink", "feeds_of_page", "feeds_of_page_async", "usual_feeds"]

TIMEOUT_S = 10.0
_TYPES = {
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    "application/feed+json": "json",
    "application/json": "json",
    "application/rdf+xml": "rss",
    "application/x-rss+xml": "rss",
    "text/rss+xml": "rss",
    "text/xml": "rss",
    "application/xml": "rss",
}
_NO_FEEDS = ("/wp-json", "oembed", "/manifest", "opensearch")
_MOST = 50
_USUAL = ("feed", "rss", "feed.xml", "rss.xml", "atom.xml", "index.xml", "feed.json")


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page names: its address, its title there, and its form."""

    url: str
    title: str = ""
    kind: Literal["rss", "atom", "json"] = "rss"


def feeds_of_page(
    html: str | bytes, url: str | None = None, *, charset: str | None = None
) -> list[FeedLink]:
    """Return the feeds that a page names as its own (``link rel="alternate"``), in its order.

    ``url`` is where the page came from. Feeds of comments come last. Nothing is fetched.
    """
    try:
        tree = html_tree(html if isinstance(html, str) else decode_markup(html, charset))
    except FileError:
        return []
    found = dict[str, FeedLink]()
    base = absolute(next((e.get("href") or "" for e in tree.iter("base")), ""), url or "")
    for element in tree.iter("link"):
        link = _feed_link(element, base or url or "")
        if link is not None and len(found) < _MOST:
            found.setdefault(link.url, link)
    return sorted(found.values(), key=_is_of_comments)


async def feeds_of_page_async(
    html: str | bytes,
    url: str | None = None,
    *,
    charset: str | None = None,
    pool: WorkerPool | None = None,
) -> list[FeedLink]:
    """Do what `feeds_of_page` does, in a worker; a page that kills its parser names no feeds."""
    try:
        return await (pool or shared_pool()).run(_feeds, html, url, charset, timeout=TIMEOUT_S)
    except WorkerError:
        return []


def _feeds(html: str | bytes, url: str | None, charset: str | None) -> list[FeedLink]:
    return feeds_of_page(html, url, charset=charset)


def usual_feeds(url: str) -> list[str]:
    """Return the addresses where sites usually have a feed, for a site that names none.

    They may not exist: whoever asks for them fetches them with the usual care.
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in {"http", "https"}:
        return []
    return [f"{parts.scheme}://{parts.netloc}/{path}" for path in _USUAL]


def _feed_link(element: HtmlElement, base: str) -> FeedLink | None:
    rel = (element.get("rel") or "").lower().split()
    kind = _TYPES.get((element.get("type") or "").partition(";")[0].strip().lower())
    if "alternate" not in rel or "stylesheet" in rel:
        kind = "rss" if "feed" in rel else None
    target = (element.get("href") or "").strip()
    target = f"http://{target[7:]}" if target.startswith("feed://") else target
    address = absolute(target, base).partition("#")[0] if target else ""
    if kind is None or not is_web(address) or any(word in address for word in _NO_FEEDS):
        return None
    title = " ".join((element.get("title") or "").split())[:300]
    return FeedLink(address, title, kind)  # type: ignore[arg-type]


def _is_of_comments(link: FeedLink) -> bool:
    return "comment" in f"{link.url} {link.title}".lower()
