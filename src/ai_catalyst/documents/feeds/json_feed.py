"""JSON Feed 1.0 and 1.1, as the same `Feed` that XML becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ai_catalyst.documents.dates import iso_date
from ai_catalyst.documents.feeds.model import (
    Category,
    Entry,
    Feed,
    Image,
    Link,
    Moment,
    Person,
    Text,
)
from ai_catalyst.documents.markup import absolute
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["json_feed"]

_VERSIONS = {
    "https://jsonfeed.org/version/1": "json1",
    "https://jsonfeed.org/version/1.1": "json11",
}


def json_feed(text: str, url: str = "", limit: int | None = None) -> Feed:
    """Return a JSON Feed with at most ``limit`` entries. Raises `FileError` when it is none."""
    try:
        raw = msgspec.json.decode(text)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise FileError("is a JSON feed that is not valid JSON") from error
    items = raw.get("items") if isinstance(raw, dict) else None
    if not isinstance(items, list):
        raise FileError("is JSON, but no feed: it has no items")
    version = _word(raw.get("version")).replace("http://", "https://").rstrip("/")
    feed = Feed(version=_VERSIONS.get(version, "json"), base=url or _word(raw.get("feed_url")))
    _describe(feed, raw)
    mappings = [item for item in items if isinstance(item, dict)]
    feed.entries = [_entry(item, feed) for item in mappings[:limit]]
    return feed


def _describe(feed: Feed, raw: Mapping[str, Any]) -> None:
    feed.title = _text(raw.get("title"))
    feed.subtitle = _text(raw.get("description"))
    feed.language = _word(raw.get("language")) or None
    feed.link = _address(raw.get("home_page_url"), feed.base)
    feed.icon = _address(raw.get("favicon"), feed.base)
    feed.logo = _address(raw.get("icon"), feed.base)
    feed.authors = list(_people(raw))
    own = _address(raw.get("feed_url"), feed.base)
    following = _address(raw.get("next_url"), feed.base)
    found = (("alternate", feed.link), ("self", own), ("next", following))
    feed.links = [Link(href, rel) for rel, href in found if href]
    hubs = raw.get("hubs")
    for hub in hubs if isinstance(hubs, list) else ():
        feed.hub = feed.hub or _address(hub.get("url") if isinstance(hub, dict) else hub, feed.base)
    if feed.logo:
        feed.image = Image(feed.logo)


def _entry(item: Mapping[str, Any], feed: Feed) -> Entry:
    base = feed.base
    entry = Entry(
        title=_text(item.get("title")),
        summary=_text(item.get("summary")),
        id=_word(item.get("id")),
        published=_moment(item.get("date_published")),
        updated=_moment(item.get("date_modified")),
        language=_word(item.get("language")) or feed.language,
        authors=list(_people(item)) or list(feed.authors),
    )
    for rel, key in (("alternate", "url"), ("related", "external_url")):
        href = _address(item.get(key), base)
        if href:
            entry.links.append(Link(href, rel))
            entry.link = entry.link or href
    for key, kind in (("content_html", "text/html"), ("content_text", "text/plain")):
        value = _word(item.get(key)).strip()
        if value:
            entry.content.append(Text(value, kind, base=base))
    tags = item.get("tags")
    entry.tags = [Category(_word(tag)) for tag in tags if tag] if isinstance(tags, list) else []
    picture = _address(item.get("image") or item.get("banner_image"), base)
    entry.image = Image(picture) if picture else None
    entry.enclosures = list(_attachments(item, base))
    entry.links.extend(entry.enclosures)
    return entry


def _attachments(item: Mapping[str, Any], base: str) -> Iterator[Link]:
    attachments = item.get("attachments")
    for one in attachments if isinstance(attachments, list) else ():
        href = _address(one.get("url"), base) if isinstance(one, dict) else ""
        if href:
            yield Link(
                href,
                "enclosure",
                _word(one.get("mime_type")),
                _word(one.get("title")),
                length=_word(one.get("size_in_bytes")),
            )


def _people(raw: Mapping[str, Any]) -> Iterator[Person]:
    """Yield the authors: version 1.1 has a list of them, 1.0 one."""
    people = raw.get("authors")
    for one in people if isinstance(people, list) and people else [raw.get("author")]:
        if isinstance(one, dict) and (one.get("name") or one.get("url")):
            yield Person(_word(one.get("name")), url=_word(one.get("url")))


def _text(value: Any) -> Text | None:
    word = _word(value).strip()
    return Text(word) if word else None


def _moment(value: Any) -> Moment | None:
    raw = _word(value).strip()
    return Moment(raw, iso_date(raw)) if raw else None


def _address(value: Any, base: str) -> str:
    word = _word(value).strip()
    return absolute(word, base) if word else ""


def _word(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
