"""Which element fills which field: one table for what feeds and entries share, and one for each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.feeds import media
from ai_catalyst.documents.feeds.groups import (
    category,
    coordinate,
    generator,
    image,
    parts_of,
    place,
    skip_days,
    skip_hours,
    valid,
    where,
)
from ai_catalyst.documents.feeds.links import enclosure, guid, license_of, link
from ai_catalyst.documents.feeds.model import Described, Entry, Feed, Link
from ai_catalyst.documents.feeds.names import RDF, name_of
from ai_catalyst.documents.feeds.simple import (
    MANY,
    Handler,
    comment_count,
    content,
    description,
    later_author,
    moment,
    person,
    publisher,
    summary,
    text,
    word,
)
from ai_catalyst.documents.feeds.text import Scope, plain, text_of_element
from ai_catalyst.documents.markup import absolute, attributes_of

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["Handler", "fill", "handlers"]


def _tag_words(owner: Described, element: _Element, scope: Scope) -> None:
    media.keywords(owner, element, scope)


def _redirect(feed: Feed, element: _Element, scope: Scope) -> None:
    fill(feed, element, scope, {"newlocation": _OF_FEEDS["newlocation"]}, {})


def _media_title(entry: Entry, element: _Element, scope: Scope) -> None:
    media.media_child(entry, element, scope)


def _source(entry: Entry, element: _Element, scope: Scope) -> None:
    entry.source = source = Feed()
    fill(source, element, scope.inside(element), handlers("feed"), {})
    url = element.get("url") or element.get("href")
    if url:
        source.link = source.link or absolute(url, scope.base)
        source.links.append(Link(source.link))
    if source.title is None and not len(element):
        source.title = text_of_element(element, scope)


def _nothing(owner: Any, element: _Element, scope: Scope) -> None:
    """Leave an element to whoever reads the feed's structure."""


def _an_entry(owner: Any, element: _Element, scope: Scope) -> None:
    """Mark an entry, which is no field."""


def _extra(name: str) -> Handler:
    """Keep what no field is for: its attributes when it has some, else its text."""

    def take(owner: Described, element: _Element, scope: Scope) -> None:
        if name not in owner.extras and len(owner.extras) < MANY:
            attributes = dict(attributes_of(element)) if element.attrib else None
            owner.extras[name] = attributes or plain(element)

    return _nothing if name.startswith(("xhtml_", "?_")) else take


_SHARED: dict[str, Handler] = {
    "title": text("title"),
    "dc_title": text("title"),
    "subtitle": text("subtitle"),
    "itunes_subtitle": text("subtitle"),
    "link": link,
    "published": moment("published"),
    "pubdate": moment("published"),
    "dcterms_issued": moment("published"),
    "issued": moment("published"),
    "updated": moment("updated"),
    "modified": moment("updated"),
    "dcterms_modified": moment("updated"),
    "dc_date": moment("updated"),
    "date": moment("updated"),
    "lastbuilddate": moment("updated"),
    "created": moment("created"),
    "dcterms_created": moment("created"),
    "expirationdate": moment("expired"),
    "dcterms_valid": valid,
    "author": person("authors"),
    "managingeditor": person("authors"),
    "dc_author": person("authors"),
    "dc_creator": person("authors"),
    "itunes_author": later_author,
    "contributor": person("contributors"),
    "dc_contributor": person("contributors"),
    "publisher": publisher,
    "webmaster": publisher,
    "dc_publisher": publisher,
    "itunes_owner": publisher,
    "rights": text("rights"),
    "copyright": text("rights"),
    "dc_rights": text("rights"),
    "license": license_of,
    "cc_license": license_of,
    "creativecommons_license": license_of,
    "category": category,
    "dc_subject": category,
    "keywords": category,
    "tags": _tag_words,
    "itunes_keywords": _tag_words,
    "media_keywords": _tag_words,
    "itunes_category": media.itunes_category,
    "media_category": media.media_category,
    "language": word("language"),
    "dc_language": word("language"),
    "image": image,
    "itunes_image": media.itunes_image,
    "itunes_link": media.itunes_image,
    "itunes_block": media.itunes_block,
    "itunes_explicit": media.itunes_explicit,
    "georss_point": place("Point"),
    "georss_line": place("LineString"),
    "georss_polygon": place("Polygon"),
    "georss_box": place("Box"),
    "georss_where": where,
    "where": where,
    "geo_point": where,
    "geo_lat": coordinate,
    "geo_long": coordinate,
    "item": _an_entry,
    "entry": _an_entry,
    "items": _nothing,
    "channel": _nothing,
}

_OF_ENTRIES: dict[str, Handler] = {
    "description": description,
    "dc_description": description,
    "abstract": description,
    "itunes_summary": summary,
    "summary": summary,
    "content": content(""),
    "content_encoded": content("text/html"),
    "encoded": content("text/html"),
    "fullitem": content("text/html"),
    "body": content("application/xhtml+xml"),
    "xhtml_body": content("application/xhtml+xml"),
    "xhtml_div": content("application/xhtml+xml"),
    "prodlink": content("text/html"),
    "guid": guid,
    "id": word("id"),
    "identifier": word("id"),
    "dc_identifier": word("id"),
    "enclosure": enclosure,
    "comments": word("comments", address=True),
    "slash_comments": comment_count("slash_comments"),
    "thr_total": comment_count("thr_total"),
    "source": _source,
    "itunes_duration": word("duration"),
    "psc_chapters": media.chapters,
    "media_title": _media_title,
    "media_description": _media_title,
    **{
        f"media_{name}": media.media
        for name in (
            "group",
            "content",
            "thumbnail",
            "credit",
            "player",
            "rating",
            "restriction",
            "license",
            "statistics",
            "starrating",
            "community",
            "copyright",
            "text",
            "hash",
            "price",
            "embed",
            "status",
            "scenes",
        )
    },
}

_OF_FEEDS: dict[str, Handler] = {
    "description": text("subtitle", "text/html"),
    "dc_description": text("subtitle", "text/html"),
    "abstract": text("subtitle", "text/html"),
    "tagline": text("subtitle"),
    "itunes_summary": text("subtitle"),
    "summary": text("subtitle"),
    "id": word("id"),
    "guid": word("id"),
    "dc_identifier": word("id"),
    "info": text("info"),
    "generator": generator,
    "admin_generatoragent": generator,
    "admin_errorreportsto": lambda feed, element, scope: setattr(
        feed, "errors_to", element.get(f"{RDF}resource") or plain(element)
    ),
    "icon": word("icon", address=True),
    "logo": word("logo", address=True),
    "docs": word("docs", address=True),
    "newlocation": word("moved_to", address=True),
    "redirect": _redirect,
    "itunes_new-feed-url": word("moved_to", address=True),
    "ttl": word("ttl"),
    "skiphours": skip_hours,
    "skipdays": skip_days,
    "sy_updateperiod": word("update_period"),
    "sy_updatefrequency": word("update_frequency"),
    "cloud": parts_of("cloud"),
    "textinput": parts_of("text_input"),
}


_TABLES = {"feed": {**_SHARED, **_OF_FEEDS}, "entry": {**_SHARED, **_OF_ENTRIES}}
_REMEMBERED = 4096


def handlers(kind: str) -> dict[str, Handler]:
    """Return the table of a ``feed`` or an ``entry``: a handler for each short name."""
    return _TABLES[kind]


def fill(
    owner: Described,
    children: Iterable[_Element],
    scope: Scope,
    table: dict[str, Handler],
    known: dict[object, Handler],
    *,
    entries: list[_Element] | None = None,
) -> None:
    """Give elements to the fields they fill.

    ``known`` remembers the handler of each tag within a document: names are worked out once.
    ``entries`` collects those that are entries.
    """
    handler_of = known.get
    for child in children:
        tag = child.tag
        handler = handler_of(tag)
        if handler is None:
            name = name_of(child, scope.home)
            handler = table.get(name) or _extra(name)
            if len(known) < _REMEMBERED:
                known[tag] = handler
        if handler is _an_entry:
            if entries is not None:
                entries.append(child)
        else:
            handler(owner, child, scope)
