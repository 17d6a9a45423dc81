"""A feed's entries as flat mappings, the form that files of records have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.feeds.reading import parse_feed
from ai_catalyst.documents.markup import fragment_text, is_web

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai_catalyst.documents.feeds.model import Entry, Feed, Link, Moment, Text

__all__ = ["enclosure", "entries_of", "fullest", "iso_of", "plain_text", "plain_title", "web_link"]


def entries_of(data: bytes, charset: str | None = None, url: str | None = None) -> Iterator[Any]:
    """Yield each entry of a feed as a mapping. Raises `FileError` when it is no feed.

    Keys, where known: ``title, link, guid, published, updated`` (ISO 8601), ``author, authors,
    summary, content`` (as written, HTML mostly), ``tags, enclosures, language, text, feed_title,
    feed_link``. ``text`` is the fullest content, plain.
    """
    feed = parse_feed(data, charset, url)
    about = {"feed_title": plain_title(feed.title), "feed_link": feed.link}
    about = {name: value for name, value in about.items() if value}
    for entry in feed.entries:
        yield {**_mapping(entry, feed), **about}


def _mapping(entry: Entry, feed: Feed) -> dict[str, Any]:
    people = entry.authors or entry.contributors
    authors = list(dict.fromkeys(person.label for person in people))
    content = _longest(entry.content)
    summary = entry.summary.value if entry.summary else ""
    fields = (
        ("link", entry.link),
        ("guid", entry.id),
        ("published", iso_of(entry.published or entry.created or entry.updated)),
        ("updated", iso_of(entry.updated)),
        ("author", authors[0] if authors else None),
        ("authors", authors if len(authors) > 1 else None),
        ("summary", summary),
        ("content", content.value if content else None),
        ("tags", [tag.label or tag.term for tag in entry.tags]),
        ("enclosures", [enclosure(link) for link in entry.enclosures]),
        ("language", entry.language or feed.language),
    )
    known = {name: value for name, value in fields if value}
    return {"title": plain_title(entry.title), **known, "text": fullest(entry)}


def fullest(entry: Entry) -> str:
    """Return the longest of an entry's texts, without markup."""
    texts = [*entry.content, *([entry.summary] if entry.summary else [])]
    return max((plain_text(text) for text in texts), key=len, default="")


def web_link(entry: Entry) -> str:
    """Return the address of an entry's page; "" when it has none that can be fetched.

    What leads to a program (``javascript:``), to a person (``mailto:``) or, for want of a base,
    nowhere, is no page.
    """
    links = (link.href for link in entry.links if link.rel in {"alternate", "related", "via"})
    id_ = entry.id if entry.permalink else ""
    return next((one for one in (entry.link, *links, id_) if is_web(one)), "")


def _longest(texts: list[Text]) -> Text | None:
    return max(texts, key=lambda text: len(text.value), default=None)


def iso_of(moment: Moment | None) -> str | None:
    """Return a date as ISO 8601, as it was written when nobody can read it."""
    return None if moment is None else moment.iso or moment.raw


def enclosure(link: Link) -> dict[str, str]:
    """Return an enclosure as a mapping of what is known of it."""
    entry = {"url": link.href, "type": link.type, "length": link.length}
    return {name: value for name, value in entry.items() if value}


def plain_text(text: Text) -> str:
    """Return a text without its markup."""
    return fragment_text(text.value) if text.is_html else text.value


def plain_title(title: Text | None) -> str:
    """Return a title on one line, without markup."""
    return " ".join(plain_text(title).split()) if title else ""
