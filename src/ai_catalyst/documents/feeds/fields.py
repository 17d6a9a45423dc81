"""Which element fills which field: one table for what feeds and entries share, and one for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.dates import iso_date
from ai_catalyst.documents.feeds import media
from ai_catalyst.documents.feeds.model import (
    Described,
    Entry,
    Feed,
    Generator,
    Image,
    Link,
    Moment,
)
from ai_catalyst.documents.feeds.names import name_of
from ai_catalyst.documents.feeds.people import person_of
from ai_catalyst.documents.feeds.places import gml_place, place_of_text
from ai_catalyst.documents.feeds.text import Scope, plain, text_of_element
from ai_catalyst.documents.markup import absolute, attributes_of

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["Handler", "fill", "handlers"]

Handler = Callable[[Any, "_Element", Scope], None]

_HTML = ("", "text/html", "application/xhtml+xml")
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_MANY = 1000


# Simple fields. Of several elements for one field the first that says something counts; of dates
# the last that can be read, as a program that adds one leaves the old where it was.


def _word(name: str, *, address: bool = False) -> Handler:
    def take(owner: Any, element: _Element, scope: Scope) -> None:
        value = plain(element)
        if value and not getattr(owner, name):
            setattr(owner, name, absolute(value, scope.inside(element).base) if address else value)

    return take


def _text(name: str, default: str = "text/plain") -> Handler:
    def take(owner: Any, element: _Element, scope: Scope) -> None:
        old = getattr(owner, name)
        if old is None or not old.value:
            setattr(owner, name, text_of_element(element, scope, default))

    return take


def _moment(name: str) -> Handler:
    def take(owner: Any, element: _Element, scope: Scope) -> None:
        raw = plain(element)
        if raw:
            found = Moment(raw, iso_date(raw))
            if found.iso or getattr(owner, name) is None:
                setattr(owner, name, found)

    return take


def _person(name: str) -> Handler:
    def take(owner: Any, element: _Element, scope: Scope) -> None:
        person = person_of(element, scope.inside(element) if scope.marked else scope)
        people = getattr(owner, name)
        if person.label and (not people or (person not in people and len(people) < _MANY)):
            people.append(person)

    return take


def _publisher(owner: Described, element: _Element, scope: Scope) -> None:
    if owner.publisher is None:
        owner.publisher = person_of(element, scope)


def _later_author(owner: Described, element: _Element, scope: Scope) -> None:
    """Note an author of the podcast module, when no other was named."""
    if not owner.authors:
        owner.authors.append(person_of(element, scope))


# Links.


def link(owner: Described, element: _Element, scope: Scope) -> None:
    """Note a link: Atom's, with attributes, or RSS's, whose text is the address."""
    found = _link(element, scope.inside(element) if scope.marked else scope)
    if found is None or len(owner.links) >= _MANY:
        return
    owner.links.append(found)
    if found.rel == "alternate":
        if not owner.link or (found.type.lower() in _HTML and not _has_page(owner)):
            owner.link = found.href
    elif isinstance(owner, Entry):
        _entry_link(owner, found)
    elif isinstance(owner, Feed):
        _feed_link(owner, found)


def _link(element: _Element, scope: Scope) -> Link | None:
    href = element.get("href")
    if href is None:
        raw = plain(element) or (plain(element[0]) if len(element) else "")
        if not raw:
            return None
        if not element.attrib:
            return Link(absolute(raw, scope.base))
        kind = element.get("type") or ""
        return Link(absolute(raw, scope.base), element.get("rel") or "alternate", kind)
    return Link(
        absolute(href, scope.base),
        (element.get("rel") or "alternate").strip().lower(),
        element.get("type") or "",
        element.get("title") or "",
        element.get("hreflang") or "",
        element.get("length") or "",
    )


def _entry_link(entry: Entry, found: Link) -> None:
    if found.rel == "enclosure":
        entry.enclosures.append(found)
    elif found.rel == "replies":
        entry.comments = entry.comments or found.href
    elif found.rel == "license":
        entry.license = entry.license or found.href


def _feed_link(feed: Feed, found: Link) -> None:
    if found.rel == "hub":
        feed.hub = feed.hub or found.href
    elif found.rel in {"image", "icon"}:
        feed.icon = feed.icon or found.href
    elif found.rel == "license":
        feed.license = feed.license or found.href


def _has_page(owner: Described) -> bool:
    """Tell whether the address chosen so far is that of a page."""
    chosen = next((one for one in owner.links if one.href == owner.link), None)
    return chosen is not None and chosen.type.lower() in _HTML


def _enclosure(entry: Entry, element: _Element, scope: Scope) -> None:
    url = element.get("url") or element.get("href") or plain(element)
    if url and len(entry.enclosures) < _MANY:
        found = Link(
            absolute(url, scope.inside(element).base if scope.marked else scope.base),
            "enclosure",
            element.get("type") or "",
            length=element.get("length") or "",
        )
        entry.enclosures.append(found)
        entry.links.append(found)


def _guid(entry: Entry, element: _Element, scope: Scope) -> None:
    value = plain(element)
    if not value or entry.id:
        return
    said = element.get("isPermaLink")
    entry.permalink = said is None or said.strip().lower() in {"true", ""}
    entry.id = value


def _license(owner: Described, element: _Element, scope: Scope) -> None:
    address = element.get(f"{_RDF}resource") or plain(element)
    owner.license = owner.license or absolute(address, scope.base)


# Groups of values.


def _category(owner: Described, element: _Element, scope: Scope) -> None:
    if not element.attrib:
        media.add_tag(owner, " ".join(plain(element).split()))
        return
    term = element.get("term") or plain(element)
    scheme = element.get("scheme") or element.get("domain") or ""
    media.add_tag(owner, " ".join(term.split()), scheme, element.get("label") or "")


def _generator(feed: Feed, element: _Element, scope: Scope) -> None:
    url = element.get("uri") or element.get("url") or element.get(f"{_RDF}resource") or ""
    name = plain(element) or element.get(f"{_RDF}resource") or ""
    if feed.generator is None:
        feed.generator = Generator(name, element.get("version") or "", absolute(url, scope.base))


def _image(owner: Described, element: _Element, scope: Scope) -> None:
    if owner.image is not None and owner.image.url:
        return
    owner.image = found = owner.image or Image()
    for child in element:
        name = name_of(child, scope.home)
        if name in {"url", "link", "href"}:
            setattr(found, "link" if name == "link" else "url", absolute(plain(child), scope.base))
        elif name in {"title", "description", "width", "height"}:
            setattr(found, name, plain(child))
    about = element.get(f"{_RDF}resource") or element.get("href") or plain(element)
    if not found.url and about and not len(element):
        found.url = absolute(about, scope.base)


def _parts(name: str) -> Handler:
    """Take children (or attributes) as a mapping of words."""

    def take(owner: Any, element: _Element, scope: Scope) -> None:
        parts = {key.lower(): value for key, value in attributes_of(element)}
        for child in element:
            part = name_of(child, scope.home)
            value = plain(child)
            parts[part] = absolute(value, scope.base) if part == "link" else value
        setattr(owner, name, parts)

    return take


def _valid(owner: Described, element: _Element, scope: Scope) -> None:
    """Note a period of validity, as DCMI writes it: ``start=…;end=…;scheme=W3C-DTF``."""
    parts = dict(piece.split("=", 1) for piece in plain(element).split(";") if "=" in piece)
    start, end = (parts.get(name, "").strip() for name in ("start", "end"))
    owner.valid = (
        Moment(start, iso_date(start)) if start else None,
        Moment(end, iso_date(end)) if end else None,
    )


def _tag_words(owner: Described, element: _Element, scope: Scope) -> None:
    media.keywords(owner, element, scope)


def _redirect(feed: Feed, element: _Element, scope: Scope) -> None:
    fill(feed, element, scope, {"newlocation": _OF_FEEDS["newlocation"]}, {})


def _skip_hours(feed: Feed, element: _Element, scope: Scope) -> None:
    words = [plain(child) for child in element]
    feed.skip_hours = tuple(
        sorted({int(word) % 24 for word in words if word.isascii() and word.isdigit()})[:24]
    )


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _skip_days(feed: Feed, element: _Element, scope: Scope) -> None:
    words = [plain(child).lower()[:3] for child in element]
    feed.skip_days = tuple(day for day, name in enumerate(_DAYS) if name in words)


# Places.


def _place(kind: str) -> Handler:
    def take(owner: Described, element: _Element, scope: Scope) -> None:
        owner.place = owner.place or place_of_text(plain(element), kind)

    return take


def _where(owner: Described, element: _Element, scope: Scope) -> None:
    owner.place = owner.place or gml_place(element)


def _coordinate(owner: Described, element: _Element, scope: Scope) -> None:
    """Note W3C's ``geo:lat`` and ``geo:long``, which come one by one."""
    owner.extras[name_of(element, scope.home)] = plain(element)
    lat, long = owner.extras.get("geo_lat"), owner.extras.get("geo_long")
    if owner.place is None and isinstance(lat, str) and isinstance(long, str):
        owner.place = place_of_text(f"{lat} {long}", "Point")


# Texts of entries.


def _content(default: str) -> Handler:
    def take(entry: Entry, element: _Element, scope: Scope) -> None:
        if len(entry.content) < _MANY:
            kind = default or ("text/plain" if scope.atom else "text/html")
            found = text_of_element(element, scope, kind)
            if scope.atom:
                src = element.get("src")
                found.src = absolute(src, found.base) if src else ""
            if found.value or found.src:
                entry.content.append(found)

    return take


def _description(entry: Entry, element: _Element, scope: Scope) -> None:
    """Take a description as the summary; beside a summary it is the content."""
    found = text_of_element(element, scope, "text/html")
    if entry.summary is None or not entry.summary.value:
        entry.summary = found
    elif found.value and not entry.content:
        entry.content.append(found)


def _summary(entry: Entry, element: _Element, scope: Scope) -> None:
    found = text_of_element(element, scope, "text/plain")
    if entry.summary is None or not entry.summary.value:
        entry.summary = found
    elif found.value and not scope.atom and not entry.content:
        entry.content.append(entry.summary)
        entry.summary = found


def _media_title(entry: Entry, element: _Element, scope: Scope) -> None:
    media.media_child(entry, element, scope)


def _comment_count(name: str) -> Handler:
    def take(entry: Entry, element: _Element, scope: Scope) -> None:
        value = plain(element)
        entry.extras[name] = value
        if value.isascii() and value.isdigit() and entry.comment_count is None:
            entry.comment_count = int(value[:9])

    return take


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
        if name not in owner.extras and len(owner.extras) < _MANY:
            attributes = dict(attributes_of(element)) if element.attrib else None
            owner.extras[name] = attributes or plain(element)

    return _nothing if name.startswith(("xhtml_", "?_")) else take


_SHARED: dict[str, Handler] = {
    "title": _text("title"),
    "dc_title": _text("title"),
    "subtitle": _text("subtitle"),
    "itunes_subtitle": _text("subtitle"),
    "link": link,
    "published": _moment("published"),
    "pubdate": _moment("published"),
    "dcterms_issued": _moment("published"),
    "issued": _moment("published"),
    "updated": _moment("updated"),
    "modified": _moment("updated"),
    "dcterms_modified": _moment("updated"),
    "dc_date": _moment("updated"),
    "date": _moment("updated"),
    "lastbuilddate": _moment("updated"),
    "created": _moment("created"),
    "dcterms_created": _moment("created"),
    "expirationdate": _moment("expired"),
    "dcterms_valid": _valid,
    "author": _person("authors"),
    "managingeditor": _person("authors"),
    "dc_author": _person("authors"),
    "dc_creator": _person("authors"),
    "itunes_author": _later_author,
    "contributor": _person("contributors"),
    "dc_contributor": _person("contributors"),
    "publisher": _publisher,
    "webmaster": _publisher,
    "dc_publisher": _publisher,
    "itunes_owner": _publisher,
    "rights": _text("rights"),
    "copyright": _text("rights"),
    "dc_rights": _text("rights"),
    "license": _license,
    "cc_license": _license,
    "creativecommons_license": _license,
    "category": _category,
    "dc_subject": _category,
    "keywords": _category,
    "tags": _tag_words,
    "itunes_keywords": _tag_words,
    "media_keywords": _tag_words,
    "itunes_category": media.itunes_category,
    "media_category": media.media_category,
    "language": _word("language"),
    "dc_language": _word("language"),
    "image": _image,
    "itunes_image": media.itunes_image,
    "itunes_link": media.itunes_image,
    "itunes_block": media.itunes_block,
    "itunes_explicit": media.itunes_explicit,
    "georss_point": _place("Point"),
    "georss_line": _place("LineString"),
    "georss_polygon": _place("Polygon"),
    "georss_box": _place("Box"),
    "georss_where": _where,
    "where": _where,
    "geo_point": _where,
    "geo_lat": _coordinate,
    "geo_long": _coordinate,
    "item": _an_entry,
    "entry": _an_entry,
    "items": _nothing,
    "channel": _nothing,
}

_OF_ENTRIES: dict[str, Handler] = {
    "description": _description,
    "dc_description": _description,
    "abstract": _description,
    "itunes_summary": _summary,
    "summary": _summary,
    "content": _content(""),
    "content_encoded": _content("text/html"),
    "encoded": _content("text/html"),
    "fullitem": _content("text/html"),
    "body": _content("application/xhtml+xml"),
    "xhtml_body": _content("application/xhtml+xml"),
    "xhtml_div": _content("application/xhtml+xml"),
    "prodlink": _content("text/html"),
    "guid": _guid,
    "id": _word("id"),
    "identifier": _word("id"),
    "dc_identifier": _word("id"),
    "enclosure": _enclosure,
    "comments": _word("comments", address=True),
    "slash_comments": _comment_count("slash_comments"),
    "thr_total": _comment_count("thr_total"),
    "source": _source,
    "itunes_duration": _word("duration"),
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
    "description": _text("subtitle", "text/html"),
    "dc_description": _text("subtitle", "text/html"),
    "abstract": _text("subtitle", "text/html"),
    "tagline": _text("subtitle"),
    "itunes_summary": _text("subtitle"),
    "summary": _text("subtitle"),
    "id": _word("id"),
    "guid": _word("id"),
    "dc_identifier": _word("id"),
    "info": _text("info"),
    "generator": _generator,
    "admin_generatoragent": _generator,
    "admin_errorreportsto": lambda feed, element, scope: setattr(
        feed, "errors_to", element.get(f"{_RDF}resource") or plain(element)
    ),
    "icon": _word("icon", address=True),
    "logo": _word("logo", address=True),
    "docs": _word("docs", address=True),
    "newlocation": _word("moved_to", address=True),
    "redirect": _redirect,
    "itunes_new-feed-url": _word("moved_to", address=True),
    "ttl": _word("ttl"),
    "skiphours": _skip_hours,
    "skipdays": _skip_days,
    "sy_updateperiod": _word("update_period"),
    "sy_updatefrequency": _word("update_frequency"),
    "cloud": _parts("cloud"),
    "textinput": _parts("text_input"),
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
