"""Pictures, sound and video: Media RSS, podcasts, and their chapters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai_catalyst.documents.feeds.model import Category, Chapter, Described, Entry, Image
from ai_catalyst.documents.feeds.names import name_of
from ai_catalyst.documents.feeds.text import Scope, plain, text_of_element
from ai_catalyst.documents.markup import absolute, attributes_of

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = [
    "chapters",
    "itunes_block",
    "itunes_category",
    "itunes_explicit",
    "itunes_image",
    "media",
    "media_category",
]

_CLOCK = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,9}(?:\.\d{1,9})?)")
_ADDRESSES = ("url", "href")
_MOST = 500


def media(entry: Entry, element: _Element, scope: Scope) -> None:
    """Note an element of Media RSS, and those within it."""
    name = name_of(element, scope.home).removeprefix("media_")
    if name in {"group", "content"}:
        for child in element:
            media_child(entry, child, scope)
        if name == "group":
            return
    found = dict(attributes_of(element))
    for address in _ADDRESSES:
        if address in found:
            found[address] = absolute(found[address], scope.base)
    text = plain(element)
    if text:
        found["content"] = text
    seen = entry.media.setdefault(name, [])
    if found and len(seen) < _MOST:
        seen.append(found)


def media_child(entry: Entry, child: _Element, scope: Scope) -> None:
    """Note an element inside a media group: what is no field of its own is media."""
    name = name_of(child, scope.home)
    if name in {"media_title", "media_description"}:
        text = text_of_element(child, scope)
        found = {"content": text.value, "type": text.type}
        entry.media.setdefault(name.removeprefix("media_"), [found])
    elif name == "media_category":
        media_category(entry, child, scope)
    elif name == "media_keywords":
        keywords(entry, child, scope)
    elif name.startswith("media_"):
        media(entry, child, scope)


def media_category(owner: Described, element: _Element, scope: Scope) -> None:
    """Note a category of Media RSS."""
    scheme = element.get("scheme") or "http://search.yahoo.com/mrss/category_schema"
    add_tag(owner, plain(element), scheme, element.get("label") or "")


def keywords(owner: Described, element: _Element, scope: Scope) -> None:
    """Note words between commas, as tags."""
    words = plain(element).split(",")
    scheme = "http://www.itunes.com/" if name_of(element, scope.home).startswith("itunes") else ""
    for word in words:
        add_tag(owner, word.strip(), scheme)


def add_tag(owner: Described, term: str, scheme: str = "", label: str = "") -> None:
    """Add a tag that says something and is not there yet."""
    if not (term or label) or len(owner.tags) >= _MOST:
        return
    for tag in owner.tags:
        if tag.term == term and tag.scheme == scheme and tag.label == label:
            return
    owner.tags.append(Category(term, scheme, label))


def itunes_category(owner: Described, element: _Element, scope: Scope) -> None:
    """Note a podcast's category, and the one within it."""
    add_tag(owner, element.get("text") or plain(element), "http://www.itunes.com/")
    for child in element.iterchildren():
        add_tag(owner, child.get("text") or "", "http://www.itunes.com/")


def itunes_image(owner: Described, element: _Element, scope: Scope) -> None:
    """Note a podcast's picture."""
    url = element.get("href") or element.get("url") or plain(element)
    if url:
        owner.image = owner.image or Image()
        owner.image.url = absolute(url, scope.base)


def itunes_block(owner: Described, element: _Element, scope: Scope) -> None:
    """Note whether a podcast or an episode wants to be left out of Apple's list (``yes``)."""
    owner.block = element.text == "yes"


def itunes_explicit(owner: Described, element: _Element, scope: Scope) -> None:
    """Note whether a podcast is explicit; None when it says something else, as Apple reads it."""
    owner.explicit = _EXPLICIT.get(element.text or "")


_EXPLICIT = {"yes": True, "true": True, "no": False, "false": False, "clean": False}


def chapters(entry: Entry, element: _Element, scope: Scope) -> None:
    """Note Podlove's simple chapters; only the first list of an entry counts."""
    if entry.chapters_version:
        return
    entry.chapters_version = element.get("version") or "1.0"
    for child in element:
        if name_of(child, scope.home) == "psc_chapter" and len(entry.chapters) < _MOST:
            start = child.get("start") or ""
            href, image = child.get("href"), child.get("image")
            entry.chapters.append(
                Chapter(
                    start,
                    seconds_of(start),
                    child.get("title") or "",
                    absolute(href, scope.base) if href else "",
                    image or "",
                )
            )


def seconds_of(clock: str) -> float | None:
    """Return the seconds of ``h:mm:ss.sss``, ``mm:ss`` or ``ss``; None when it is no time."""
    found = _CLOCK.fullmatch(clock.strip())
    if not found:
        return None
    return int(found[1] or 0) * 3600 + int(found[2] or 0) * 60 + float(found[3])
