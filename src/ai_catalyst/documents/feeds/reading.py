"""From a feed's bytes to a `Feed`: which format it is, where its entries are, what each holds."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from ai_catalyst.documents.dates import iso_date
from ai_catalyst.documents.feeds.decoding import charset_of, text_of_bytes, xml_of
from ai_catalyst.documents.feeds.fields import Handler, fill, handlers
from ai_catalyst.documents.feeds.json_feed import json_feed
from ai_catalyst.documents.feeds.model import Described, Entry, Feed, Link, Moment, Text
from ai_catalyst.documents.feeds.names import CORE, RDF, name_of, namespace_of
from ai_catalyst.documents.feeds.text import Scope
from ai_catalyst.documents.markup import absolute, attributes_of, local_name
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["parse_feed"]

_ENTRIES = frozenset({"item", "entry"})
_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})
_ATOM_1 = "http://www.w3.org/2005/atom"
_ATOM = {"0.1": "atom01", "0.2": "atom02", "0.3": "atom03"}
_RSS_1 = "http://purl.org/rss/1.0"
_RSS_090 = ("http://my.netscape.com/rdf/simple/0.9", "http://channel.netscape.com/rdf/simple/0.9")
_VERSIONS = {"0.91": "rss091u", "0.92": "rss092", "0.93": "rss093", "0.94": "rss094"}
_WITH_ATTRIBUTES = frozenset({"cdf", "rss090", "rss10", "rss"})
_ENTRY = handlers("entry")
_FEED = handlers("feed")
_ABOUT = f"{RDF}about"


def parse_feed(
    data: bytes,
    charset: str | None = None,
    url: str | None = None,
    *,
    media_type: str = "",
    limit: int | None = None,
) -> Feed:
    """Return the feed in ``data``, with at most ``limit`` entries. Raises `FileError`.

    ``charset`` and ``media_type`` are what the server said, ``url`` is where it came from.
    """
    # A feed is many objects and no cycle: the collector would only look at all of them again.
    collects = gc.isenabled()
    gc.disable()
    try:
        return _parsed(data, charset, url or "", media_type, limit)
    finally:
        if collects:
            gc.enable()


def _parsed(data: bytes, charset: str | None, url: str, media_type: str, limit: int | None) -> Feed:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head and not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise FileError("is empty", kind="empty")
    if head.startswith(b"{"):
        codec, encoding, flaws = charset_of(data, charset)
        feed = json_feed(text_of_bytes(data, codec), url, limit)
    else:
        root, encoding, flaws = xml_of(data, charset)
        if root is None or not _is_feed(root):
            raise _no_feed(data)
        feed = _feed(
            root, b"xml:" in data or encoding.startswith(("utf-16", "utf-32")), url or "", limit
        )
    if media_type and not any(word in media_type for word in ("xml", "json", "octet-stream")):
        flaws.append("is served as what is no feed")
    feed.encoding, feed.flaws = encoding, tuple(flaws)
    return feed


def _is_feed(root: _Element) -> bool:
    return _root_name(root) in _ROOTS or any(_root_name(element) in _ROOTS for element in root)


def _root_name(element: _Element) -> str:
    return local_name(element).rpartition(":")[2].lower()


def _no_feed(data: bytes) -> FileError:
    head = text_of_bytes(data[:4096], charset_of(data[:4096], None)[0]).lower()
    if "<html" in head or "<!doctype html" in head:
        return FileError("is a web page, not a feed")
    if "<!entity" in head:
        return FileError("defines XML entities without end (an XML bomb?)", kind="too_large")
    return FileError("is no feed, or too broken to be read")


def _feed(root: _Element, marked: bool, url: str, limit: int | None) -> Feed:
    channel = _channel(root)
    version, atom = _version(root, channel)
    home = namespace_of(str(channel.tag).rpartition("}")[0][1:])
    scope = Scope(url, None, atom, marked, "" if home in CORE else home)
    scope = scope.inside(root)
    scope = scope.inside(channel) if channel is not root else scope
    feed = Feed(version=version)
    found = _describe(feed, channel, scope)
    if channel is not root:
        found += _describe(feed, root, scope)
    if not found:
        found = _scattered(root)
    feed.language = feed.language or scope.language
    _attributes(feed, channel, scope)
    feed.base = scope.base
    if not scope.base and feed.link.startswith(("http://", "https://")):
        scope.base = feed.link
    known: dict[object, Handler] = {}
    attributes = version in _WITH_ATTRIBUTES
    found = found if limit is None else found[:limit]
    feed.entries = [_entry(element, scope, known, attributes) for element in found]
    return feed


def _channel(root: _Element) -> _Element:
    if _root_name(root) in {"channel", "feed"}:
        return root
    for element in root.iter():
        if _root_name(element) in {"channel", "feed"}:
            return element
    return root


def _version(root: _Element, channel: _Element) -> tuple[str, int]:
    name = _root_name(root)
    namespace = namespace_of(str(channel.tag).rpartition("}")[0][1:])
    said = (root.get("version") or "").strip()
    if namespace == _ATOM_1:
        return "atom10", 10
    if name == "feed":
        return _ATOM.get(said, "atom"), 3 if said.startswith("0.") or namespace else 10
    if name == "channel":
        return "cdf", 0
    if name == "rss":
        return _VERSIONS.get(said, "rss20" if said.startswith("2") else "rss"), 0
    spaces = {namespace_of(uri) for uri in root.nsmap.values() if uri}
    if _RSS_1 in spaces:
        return "rss10", 0
    return ("rss090" if spaces.intersection(_RSS_090) else "rss"), 0


def _describe(feed: Feed, element: _Element, scope: Scope) -> list[_Element]:
    """Take what an element's children say of the feed; return its entries."""
    found: list[_Element] = []
    fill(feed, element, scope, _FEED, {}, entries=found)
    return found


def _scattered(root: _Element) -> list[_Element]:
    """Return entries that are not where they belong, but none that is part of another."""
    return [
        element
        for element in root.iter()
        if name_of(element) in _ENTRIES and not _inside_entry(element)
    ]


def _inside_entry(element: _Element) -> bool:
    return any(name_of(outer) in _ENTRIES for outer in element.iterancestors())


def _entry(
    element: _Element, scope: Scope, known: dict[object, Handler], attributes: bool
) -> Entry:
    entry = Entry()
    if scope.marked:
        scope = scope.inside(element)
    fill(entry, element, scope, _ENTRY, known)
    if attributes:
        _attributes(entry, element, scope)
    if entry.media:
        entry.title = entry.title or _of_media(entry, "title")
        entry.summary = entry.summary or _of_media(entry, "description")
    if not entry.link:
        about = element.get(_ABOUT)
        entry.link = _address(entry, scope) or (absolute(about, scope.base) if about else "")
    return entry


def _of_media(entry: Entry, name: str) -> Text | None:
    """Return the title or description of an entry's media, for an entry without its own."""
    found = entry.media.get(name)
    return Text(found[0].get("content", ""), found[0].get("type", "")) if found else None


def _attributes(owner: Described, element: _Element, scope: Scope) -> None:
    """Take what stands in attributes: RDF's name of the thing, and all that CDF has to say."""
    about = element.get(_ABOUT)
    if about and not owner.id:
        owner.id = about.strip()
    if owner.id and about:  # RDF has nothing else to say there
        return
    for name, value in attributes_of(element):
        lowered = name.lower()
        if lowered == "href" and value:
            owner.links.append(Link(absolute(str(value), scope.base)))
            owner.link = owner.link or owner.links[-1].href
        elif lowered == "lastmod" and owner.updated is None:
            owner.updated = Moment(str(value), iso_date(str(value)))


def _address(entry: Entry, scope: Scope) -> str:
    """Return the best address of an entry that names no page: its id, else a lesser link."""
    if entry.permalink and entry.id.lower().startswith(("http://", "https://")):
        return absolute(entry.id, scope.base)
    for rel in ("related", "self", "via"):
        for link in entry.links:
            if link.rel == rel:
                return link.href
    return ""
