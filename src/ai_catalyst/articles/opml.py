"""Lists of feeds as OPML, the form in which feed readers hand them to each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from ai_catalyst.documents.feeds.decoding import xml_of
from ai_catalyst.documents.markup import attributes_of, is_web, local_name
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["Subscription", "opml_of", "parse_opml"]

MAX_BYTES = 16 * 2**20
MOST = 100_000


@dataclass(frozen=True, slots=True)
class Subscription:
    """A feed somebody reads: its address, its title, its web page, and the folders it is in."""

    url: str
    title: str = ""
    page: str = ""
    folders: tuple[str, ...] = ()
    description: str = ""
    categories: tuple[str, ...] = field(default=())


def parse_opml(data: bytes, name: str = "OPML") -> list[Subscription]:
    """Return the feeds of an OPML file, each address once, in its order.

    Outlines may be nested, and the file may be broken; ``name`` is what errors call it. Raises
    `FileError` for what is no OPML.
    """
    if len(data) > MAX_BYTES:
        raise FileError(f"{name}: is larger than {MAX_BYTES:,} bytes", path=name, kind="too_large")
    if not data.strip():
        raise FileError(f"{name}: is empty", path=name, kind="empty")
    root = xml_of(data, None)[0]
    if root is None or local_name(root).lower() != "opml":
        raise FileError(f"{name}: is no OPML, the form in which lists of feeds come", path=name)
    found: dict[str, Subscription] = {}
    for one in _outlines(root):
        found.setdefault(one.url, one)
        if len(found) >= MOST:
            break
    return list(found.values())


def _outlines(root: _Element) -> Iterator[Subscription]:
    """Walk without recursion, as a file may be nested deeply."""
    stack: list[tuple[_Element, tuple[str, ...]]] = [(root, ())]
    while stack:
        element, folders = stack.pop()
        inner = folders
        if local_name(element).lower() == "outline":
            told = {key.lower(): value.strip() for key, value in attributes_of(element)}
            title = told.get("title") or told.get("text") or ""
            url = told.get("xmlurl") or told.get("url") or ""
            if is_web(url):
                yield _subscription(url, title, told, folders)
            elif title:
                inner = (*folders, title)
        stack.extend((child, inner) for child in reversed(element))


def _subscription(
    url: str, title: str, told: dict[str, str], folders: tuple[str, ...]
) -> Subscription:
    page = told.get("htmlurl", "")
    categories = tuple(filter(None, (word.strip() for word in told.get("category", "").split(","))))
    description = told.get("description", "")
    title = "" if title == url else title
    return Subscription(url, title, page if is_web(page) else "", folders, description, categories)


def opml_of(subscriptions: Iterable[Subscription], title: str = "Feeds") -> str:
    """Return feeds as an OPML 2.0 file, in their folders; `parse_opml` gives the same back."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        f"<head><title>{escape(_clean(title))}</title></head>",
        "<body>",
    ]
    open_folders: tuple[str, ...] = ()
    for one in subscriptions:
        shared = _shared(open_folders, one.folders)
        lines += ["</outline>"] * (len(open_folders) - shared)
        lines += [f"<outline{_attributes(text=folder)}>" for folder in one.folders[shared:]]
        open_folders = one.folders
        told = _attributes(
            type="rss",
            text=one.title or one.url,
            title=one.title,
            xmlUrl=one.url,
            htmlUrl=one.page,
            description=one.description,
            category=",".join(one.categories),
        )
        lines.append(f"<outline{told}/>")
    lines += ["</outline>"] * len(open_folders)
    return "\n".join([*lines, "</body>", "</opml>", ""])


def _shared(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    """Return how many folders two paths begin with in common."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count


def _attributes(**told: str) -> str:
    return "".join(f' {name}="{escape(_clean(value))}"' for name, value in told.items() if value)


def _clean(text: str) -> str:
    """Leave out the letters that XML cannot hold."""
    return "".join(
        letter for letter in text if letter >= " " and not "\ud800" <= letter <= "\udfff"
    )
