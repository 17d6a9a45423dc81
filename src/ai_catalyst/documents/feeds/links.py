"""Links, enclosures, licences, and the address that is an entry's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai_catalyst.documents.feeds.model import Described, Entry, Feed, Link
from ai_catalyst.documents.feeds.names import RDF
from ai_catalyst.documents.feeds.simple import MANY
from ai_catalyst.documents.feeds.text import Scope, plain
from ai_catalyst.documents.markup import absolute

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["enclosure", "guid", "license_of", "link"]

_HTML = ("", "text/html", "application/xhtml+xml")


def link(owner: Described, element: _Element, scope: Scope) -> None:
    """Note a link: Atom's, with attributes, or RSS's, whose text is the address."""
    found = _link(element, scope.inside(element) if scope.marked else scope)
    if found is None or len(owner.links) >= MANY:
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


def enclosure(entry: Entry, element: _Element, scope: Scope) -> None:
    """Note a file that comes with an entry."""
    url = element.get("url") or element.get("href") or plain(element)
    if url and len(entry.enclosures) < MANY:
        found = Link(
            absolute(url, scope.inside(element).base if scope.marked else scope.base),
            "enclosure",
            element.get("type") or "",
            length=element.get("length") or "",
        )
        entry.enclosures.append(found)
        entry.links.append(found)


def guid(entry: Entry, element: _Element, scope: Scope) -> None:
    """Note what an entry is known by, and whether that is its address."""
    value = plain(element)
    if not value or entry.id:
        return
    said = element.get("isPermaLink")
    entry.permalink = said is None or said.strip().lower() in {"true", ""}
    entry.id = value


def license_of(owner: Described, element: _Element, scope: Scope) -> None:
    """Note the address of a licence."""
    address = element.get(f"{RDF}resource") or plain(element)
    owner.license = owner.license or absolute(address, scope.base)
