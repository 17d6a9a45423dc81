"""Feeds of every kind as entries: RSS 0.9x to 2.0, RSS 1.0 (RDF), Atom, CDF, and JSON Feed.

Broken ones are mended as far as they can be. Every entry has ``text``: its fullest content, plain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin

import msgspec

from ai_catalyst.documents.dates import iso_date
from ai_catalyst.documents.markup import decode_markup, fragment_text, local_name, xml_tree
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

__all__ = ["entries_of"]

_ENTRIES = frozenset({"item", "entry"})
_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})
_DATES = ("pubdate", "published", "issued", "date", "created", "dateadded")
_UPDATES = ("updated", "modified", "lastupdated", "updateddate")
_CONTENT = ("encoded", "content", "body", "fullitem")
_SUMMARY = ("description", "summary", "abstract", "tagline", "subtitle")
_VOID = frozenset({"br", "hr", "img"})
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_ITUNES = "itunes"
_MEDIA = "search.yahoo.com/mrss"


def entries_of(data: bytes, charset: str | None = None, url: str | None = None) -> Iterator[Any]:
    """Yield each entry of a feed as a mapping. Raises `FileError` when it is no feed.

    Keys, where known: ``title, link, guid, published, updated`` (ISO 8601), ``author, authors,
    summary, content`` (as written, HTML mostly), ``tags, enclosures, text, feed_title, feed_link``.
    """
    text = decode_markup(data, charset)
    start = text.lstrip()[:1]
    if start == "{":
        yield from _json_entries(text)
        return
    if start != "<":
        raise FileError("is no feed")
    root = xml_tree(text)
    if root is None or not _is_feed(root):
        raise _no_feed(text)
    yield from _xml_entries(root, url)


def _is_feed(root: _Element) -> bool:
    return local_name(root).lower() in _ROOTS or any(
        local_name(element).lower() in _ROOTS for element in root
    )


def _no_feed(text: str) -> FileError:
    head = text[:4096].lower()
    if "<html" in head or "<!doctype html" in head:
        return FileError("is a web page, not a feed")
    if "<!entity" in head:
        return FileError("defines XML entities without end (an XML bomb?)", kind="too_large")
    return FileError("is no feed, or too broken to be read")


def _xml_entries(root: _Element, url: str | None) -> Iterator[dict[str, Any]]:
    channel = next((e for e in root.iter() if local_name(e).lower() in {"channel", "feed"}), root)
    base = _base(channel, url)
    about = _about(channel, base)
    for element in list(root.iter()):
        if local_name(element).lower() in _ENTRIES and not _inside_entry(element):
            yield _entry(element, base, about)


def _inside_entry(element: _Element) -> bool:
    """Tell whether an element named like an entry is part of one (Atom's ``source``, SVG)."""
    parent = element.getparent()
    while parent is not None:
        if local_name(parent).lower() in _ENTRIES:
            return True
        parent = parent.getparent()
    return False


def _about(channel: _Element, base: str | None) -> dict[str, Any]:
    about: dict[str, Any] = {}
    for child in channel:
        name = local_name(child).lower()
        if name == "title" and not about.get("feed_title"):
            about["feed_title"] = fragment_text(_content(child))
        elif name == "link" and not about.get("feed_link"):
            about["feed_link"] = _link(child, base)
    return {name: value for name, value in about.items() if value}


def _entry(element: _Element, base: str | None, about: dict[str, Any]) -> dict[str, Any]:
    base = _base(element, base)
    found = _Fields(base)
    for child in element:
        found.take(child)
    return found.entry(about, element)


class _Fields:
    """Collects the fields of one entry from its children, the first of each kind winning."""

    def __init__(self, base: str | None) -> None:
        self.base = base
        self.one: dict[str, str] = {}
        self.links: list[tuple[str, str]] = []
        self.authors: list[str] = []
        self.tags: list[str] = []
        self.enclosures: list[dict[str, str]] = []
        self.permalink = False

    def take(self, child: _Element) -> None:
        """Note what a child element tells."""
        name = local_name(child).lower()
        namespace = str(child.tag).rpartition("}")[0].lower()
        if name == "group" and _MEDIA in namespace:
            for inner in child:
                self.take(inner)
        elif name == "link":
            self._link(child)
        elif name in {"guid", "id", "identifier"}:
            self._guid(child)
        elif name in {"author", "creator", "contributor", "dc"}:
            self._author(child, first=_ITUNES not in namespace)
        elif name in {"category", "subject", "keywords"}:
            self._tags(child)
        elif name == "enclosure":
            self._enclosure(child)
        elif not (_MEDIA in namespace and name in {"content", "thumbnail", "rating"}):
            self._text(name, child)

    def _text(self, name: str, child: _Element) -> None:
        for key, names in (
            ("title", ("title",)),
            ("published", _DATES),
            ("updated", _UPDATES),
            ("content", _CONTENT),
            ("summary", _SUMMARY),
        ):
            if name in names and not self.one.get(key):
                self.one[key] = _content(child)

    def _link(self, child: _Element) -> None:
        target = _link(child, self.base)
        rel = (child.get("rel") or "alternate").lower()
        if rel == "enclosure" and target:
            self._enclosure(child)
        elif target:
            self.links.append((rel, target))

    def _guid(self, child: _Element) -> None:
        value = _content(child).strip()
        if value and not self.one.get("guid"):
            self.one["guid"] = value
            self.permalink = (child.get("isPermaLink") or "true").lower() != "false"

    def _author(self, child: _Element, *, first: bool) -> None:
        names = [_content(e).strip() for e in child if local_name(e).lower() == "name"]
        mails = [_content(e).strip() for e in child if local_name(e).lower() == "email"]
        value = next((v for v in [*names, *mails] if v), "") or _content(child).strip()
        value = " ".join(value.split())[:300]
        if value and value not in self.authors:
            self.authors.insert(0 if first and not self.authors else len(self.authors), value)

    def _tags(self, child: _Element) -> None:
        named = child.get("label") or child.get("term") or child.get("text")
        raw = named or _content(child)
        several = local_name(child).lower() == "keywords"
        for tag in raw.split(",") if several else [raw]:
            value = " ".join(tag.split())[:200]
            if value and value not in self.tags:
                self.tags.append(value)

    def _enclosure(self, child: _Element) -> None:
        target = _absolute(child.get("url") or child.get("href") or "", self.base)
        if target:
            entry = {
                "url": target,
                "type": child.get("type") or "",
                "length": child.get("length") or "",
            }
            self.enclosures.append({name: value for name, value in entry.items() if value})

    def entry(self, about: dict[str, Any], element: _Element) -> dict[str, Any]:
        """Return the entry as it is handed on."""
        one = self.one
        title = " ".join(fragment_text(one.get("title", "")).split())
        content, summary = one.get("content", "").strip(), one.get("summary", "").strip()
        fields = (
            ("link", self._best_link(element)),
            ("guid", one.get("guid")),
            ("published", _dated(one.get("published") or one.get("updated"))),
            ("updated", _dated(one.get("updated"))),
            ("author", self.authors[0] if self.authors else None),
            ("authors", self.authors if len(self.authors) > 1 else None),
            ("summary", summary),
            ("content", content),
            ("tags", self.tags),
            ("enclosures", self.enclosures),
        )
        known = {name: value for name, value in fields if value}
        return {"title": title, **known, "text": _longest(content, summary), **about}

    def _best_link(self, element: _Element) -> str:
        for rel in ("alternate", "related", "self", "via"):
            found = next((target for r, target in self.links if r == rel), None)
            if found:
                return found
        guid = self.one.get("guid", "")
        if self.permalink and guid.startswith(("http://", "https://")):
            return guid
        about = next((v for k, v in element.attrib.items() if str(k).endswith("about")), "")
        return _absolute(str(about or element.get("href") or ""), self.base)


def _longest(*pieces: str) -> str:
    return max((fragment_text(piece) for piece in pieces), key=len, default="")


def _dated(raw: str | None) -> str | None:
    return iso_date(raw) or (raw or "").strip() or None


def _base(element: _Element, outer: str | None) -> str | None:
    own = element.get(_XML_BASE)
    return _absolute(own, outer) if own else outer


def _absolute(target: str, base: str | None) -> str:
    target = target.strip()
    if not target or not base:
        return target
    try:
        return urljoin(base, target)
    except ValueError:
        return target


def _link(child: _Element, base: str | None) -> str:
    return _absolute(child.get("href") or _content(child), _base(child, base))


def _content(element: _Element) -> str:
    """Return what an element holds: its text, or its inner XHTML as it would be written."""
    from lxml import etree

    if not len(element):
        return element.text or ""
    # HTML cannot write what a broken feed has put inside a <br>.
    odd = any(local_name(e) in _VOID and (e.text or len(e)) for e in element.iter())
    method: Literal["xml", "html"] = "xml" if odd else "html"
    inner = (etree.tostring(child, encoding="unicode", method=method) for child in element)
    return (element.text or "") + "".join(inner)


def _json_entries(text: str) -> Iterator[dict[str, Any]]:
    try:
        feed = msgspec.json.decode(text)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise FileError("is a JSON feed that is not valid JSON") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise FileError("is JSON, but no feed: it has no items")
    about = {"feed_title": _word(feed.get("title")), "feed_link": _word(feed.get("home_page_url"))}
    about = {name: value for name, value in about.items() if value}
    for item in items:
        if isinstance(item, dict):
            yield {**_json_entry(item), **about}


def _json_entry(item: dict[str, Any]) -> dict[str, Any]:
    people = item.get("authors") or [item.get("author")]
    authors = [_word(p.get("name")) for p in people if isinstance(p, dict) and p.get("name")]
    plain, marked = _word(item.get("content_text")), _word(item.get("content_html"))
    summary = _word(item.get("summary"))
    tags = item.get("tags")
    fields = (
        ("link", _word(item.get("url") or item.get("external_url"))),
        ("guid", _word(item.get("id"))),
        ("published", _dated(_word(item.get("date_published")))),
        ("updated", _dated(_word(item.get("date_modified")))),
        ("author", authors[0] if authors else None),
        ("authors", authors if len(authors) > 1 else None),
        ("summary", summary),
        ("content", marked or plain),
        ("tags", [_word(tag) for tag in tags] if isinstance(tags, list) else None),
    )
    known = {name: value for name, value in fields if value}
    title = fragment_text(_word(item.get("title")))
    return {"title": title, **known, "text": plain or _longest(marked, summary)}


def _word(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
