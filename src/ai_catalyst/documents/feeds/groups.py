"""Fields of several values: categories, images, generators, periods, hours, days and places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.dates import iso_date
from ai_catalyst.documents.feeds import media
from ai_catalyst.documents.feeds.model import Described, Feed, Generator, Image, Moment
from ai_catalyst.documents.feeds.names import RDF, name_of
from ai_catalyst.documents.feeds.places import gml_place, place_of_text
from ai_catalyst.documents.feeds.simple import Handler
from ai_catalyst.documents.feeds.text import Scope, plain
from ai_catalyst.documents.markup import absolute, attributes_of

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = [
    "category",
    "coordinate",
    "generator",
    "image",
    "parts_of",
    "place",
    "skip_days",
    "skip_hours",
    "valid",
    "where",
]


def category(owner: Described, element: _Element, scope: Scope) -> None:
    """Note a category: a word, or a term with its scheme and label."""
    if not element.attrib:
        media.add_tag(owner, " ".join(plain(element).split()))
        return
    term = element.get("term") or plain(element)
    scheme = element.get("scheme") or element.get("domain") or ""
    media.add_tag(owner, " ".join(term.split()), scheme, element.get("label") or "")


def generator(feed: Feed, element: _Element, scope: Scope) -> None:
    """Note what wrote the feed."""
    url = element.get("uri") or element.get("url") or element.get(f"{RDF}resource") or ""
    name = plain(element) or element.get(f"{RDF}resource") or ""
    if feed.generator is None:
        feed.generator = Generator(name, element.get("version") or "", absolute(url, scope.base))


def image(owner: Described, element: _Element, scope: Scope) -> None:
    """Note a picture: of the feed, with its size, or an address alone."""
    if owner.image is not None and owner.image.url:
        return
    owner.image = found = owner.image or Image()
    for child in element:
        name = name_of(child, scope.home)
        if name in {"url", "link", "href"}:
            setattr(found, "link" if name == "link" else "url", absolute(plain(child), scope.base))
        elif name in {"title", "description", "width", "height"}:
            setattr(found, name, plain(child))
    about = element.get(f"{RDF}resource") or element.get("href") or plain(element)
    if not found.url and about and not len(element):
        found.url = absolute(about, scope.base)


def parts_of(name: str) -> Handler:
    """Take children (or attributes) as a mapping of words."""

    def take(owner: Any, element: _Element, scope: Scope) -> None:
        parts = {key.lower(): value for key, value in attributes_of(element)}
        for child in element:
            part = name_of(child, scope.home)
            value = plain(child)
            parts[part] = absolute(value, scope.base) if part == "link" else value
        setattr(owner, name, parts)

    return take


def valid(owner: Described, element: _Element, scope: Scope) -> None:
    """Note a period of validity, as DCMI writes it: ``start=…;end=…;scheme=W3C-DTF``."""
    parts = dict(piece.split("=", 1) for piece in plain(element).split(";") if "=" in piece)
    start, end = (parts.get(name, "").strip() for name in ("start", "end"))
    owner.valid = (
        Moment(start, iso_date(start)) if start else None,
        Moment(end, iso_date(end)) if end else None,
    )


def skip_hours(feed: Feed, element: _Element, scope: Scope) -> None:
    """Note the hours, 0 to 23, at which nobody need ask."""
    words = [plain(child) for child in element]
    feed.skip_hours = tuple(
        sorted({int(word) % 24 for word in words if word.isascii() and word.isdigit()})[:24]
    )


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def skip_days(feed: Feed, element: _Element, scope: Scope) -> None:
    """Note the days, 0 for Monday, on which nobody need ask."""
    words = [plain(child).lower()[:3] for child in element]
    feed.skip_days = tuple(day for day, name in enumerate(_DAYS) if name in words)


# Places.


def place(kind: str) -> Handler:
    """Return what notes a place of GeoRSS simple, of a kind of GeoJSON's."""

    def take(owner: Described, element: _Element, scope: Scope) -> None:
        owner.place = owner.place or place_of_text(plain(element), kind)

    return take


def where(owner: Described, element: _Element, scope: Scope) -> None:
    """Note a place that is written in GML."""
    owner.place = owner.place or gml_place(element)


def coordinate(owner: Described, element: _Element, scope: Scope) -> None:
    """Note W3C's ``geo:lat`` and ``geo:long``, which come one by one."""
    owner.extras[name_of(element, scope.home)] = plain(element)
    lat, long = owner.extras.get("geo_lat"), owner.extras.get("geo_long")
    if owner.place is None and isinstance(lat, str) and isinstance(long, str):
        owner.place = place_of_text(f"{lat} {long}", "Point")
