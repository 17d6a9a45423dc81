"""What a page says of itself: title, author, date, language, canonical address, description."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import msgspec

from ai_catalyst.documents.dates import iso_date

if TYPE_CHECKING:
    from lxml.html import HtmlElement

__all__ = ["Metadata", "metadata_of"]

_ARTICLES = ("article", "posting", "report", "webpage", "recipe", "review")
_DATES = (
    "article:published_time",
    "datepublished",
    "og:article:published_time",
    "publishdate",
    "pubdate",
    "publish_date",
    "date",
    "dc.date",
    "dc.date.issued",
    "dcterms.date",
    "dcterms.created",
    "citation_publication_date",
    "sailthru.date",
    "parsely-pub-date",
    "article.published",
    "cxenseparse:recs:publishtime",
    "og:published_time",
    "last-modified",
)
_AUTHORS = ("author", "article:author", "byl", "dc.creator", "parsely-author", "sailthru.author")
_IN_ADDRESS = re.compile(r"/((?:19|20)\d\d)[/-](0[1-9]|1[0-2])[/-](0[1-9]|[12]\d|3[01])(?=\D)")
_PARTS = re.compile(r"\s+[|–—·»›:-]{1,2}\s+")
_BY = re.compile(r"^\s*(?:by|von|par|por|di|door)[:\s]+", re.IGNORECASE)
_TAG = re.compile(r"^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*$")
_SCRIPT_CHARS = 2**20
_MOST = 300


@dataclass(slots=True)
class Metadata:
    """What is known; dates are ISO 8601 days, addresses absolute."""

    title: str = ""
    author: str | None = None
    date: str | None = None
    language: str | None = None
    description: str | None = None
    canonical: str | None = None
    site: str = ""
    free: bool | None = None
    body: str = ""
    kinds: set[str] = field(default_factory=set)


def metadata_of(tree: HtmlElement, url: str | None = None) -> Metadata:
    """Return what a page says of itself, in its head, in JSON-LD, and where readers see it."""
    named = _named(tree)
    linked = _linked_data(tree)
    found = Metadata(site=named.get("og:site_name", ""))
    found.title = _title(tree, named, linked, found.site)
    found.author = _author(tree, named, linked)
    found.date = _date(tree, named, linked, url)
    found.language = _language(tree, named, linked)
    description = named.get("description") or named.get("og:description")
    found.description = description or None
    found.canonical = _canonical(tree, named, url)
    found.body = _word(linked.get("articleBody"))
    free = _word(linked.get("isAccessibleForFree")).lower()
    found.free = {"true": True, "false": False}.get(free)
    return found


def _named(tree: HtmlElement) -> dict[str, str]:
    """Return the head's ``meta`` elements by their names in lower case, the first of each."""
    named: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = " ".join((element.get("content") or "").split())
        if name and content:
            named.setdefault(name.strip().lower(), content)
    return named


def _linked_data(tree: HtmlElement) -> dict[str, Any]:
    """Return the article that JSON-LD describes, if there is one."""
    best: dict[str, Any] = {}
    for element in tree.iter("script"):
        if element.get("type") != "application/ld+json":
            continue
        try:
            data = msgspec.json.decode((element.text or "")[:_SCRIPT_CHARS].strip())
        except (ValueError, RecursionError):
            continue
        for node in _nodes(data, 0):
            kind = str(node.get("@type", "")).lower()
            if any(name in kind for name in _ARTICLES) and (
                not best or ("headline" in node and "headline" not in best)
            ):
                best = node
    return best


def _nodes(data: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > 4:
        return
    if isinstance(data, list):
        for one in data[:50]:
            yield from _nodes(one, depth + 1)
    elif isinstance(data, dict):
        yield data
        for key in ("@graph", "mainEntity", "mainEntityOfPage"):
            yield from _nodes(data.get(key), depth + 1)


def _title(tree: HtmlElement, named: dict[str, str], linked: dict[str, Any], site: str) -> str:
    """Return the title without the site's name: what the page's parts agree on."""
    element = next(tree.iter("title"), None)
    whole = _text(element)
    shared = named.get("og:title") or named.get("twitter:title") or ""
    headline = _word(linked.get("headline")) or shared
    heads = [text for text in map(_text, tree.iter("h1")) if text]
    for head in heads:
        if len(head) >= 4 and (head in whole or head in shared or head == headline):
            return head[:_MOST]
    return (_bare(headline or whole, site) or (heads[0] if heads else ""))[:_MOST]


def _bare(title: str, site: str) -> str:
    """Cut the site's name off a title: where it is known, else a short last part."""
    parts = _PARTS.split(title)
    if len(parts) < 2:
        return title
    last = parts[-1]
    cut = title[: title.rindex(last)]
    cut = re.sub(r"\s+[|–—·»›:-]{1,2}\s+$", "", cut)
    if site and last.strip().lower() == site.lower():
        return cut
    return cut if len(last) <= 25 and len(cut) >= 2 * len(last) and not site else title


def _author(tree: HtmlElement, named: dict[str, str], linked: dict[str, Any]) -> str | None:
    people = linked.get("author")
    names = [_word(one.get("name") if isinstance(one, dict) else one) for one in _listed(people)]
    names = [name for name in names if _is_name(name)]
    if not names:
        names = [named[name] for name in _AUTHORS if _is_name(named.get(name, ""))][:1]
    if not names:
        names = [name for name in map(_text, _bylines(tree)) if _is_name(name)][:3]
    cleaned = dict.fromkeys(_BY.sub("", name).strip(" ,;|") for name in names)
    return "; ".join(name for name in cleaned if name)[:_MOST] or None


def _is_name(text: str) -> bool:
    return 1 < len(text) <= 80 and "://" not in text and "{" not in text


def _bylines(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the elements in which templates put the author."""
    for element in tree.iter("a", "span", "p", "div", "address"):
        if element.get("rel") == "author" or element.get("itemprop") == "author":
            yield element
        else:
            names = (element.get("class") or "").lower().split()
            if any(name in _BYLINES for name in names):
                yield element


_BYLINES = frozenset({"author", "author-name", "byline", "byline__name", "byline-name", "fn"})


def _date(
    tree: HtmlElement, named: dict[str, str], linked: dict[str, Any], url: str | None
) -> str | None:
    said = [linked.get("datePublished"), *(named.get(name) for name in _DATES[:-1])]
    for raw in said:
        if day := _day(raw):
            return day
    for element in tree.iter("time", "span", "meta", "abbr"):
        if element.tag != "time" and element.get("itemprop") != "datePublished":
            continue
        if day := _day(element.get("datetime") or element.get("content") or _text(element)):
            return day
    in_address = _IN_ADDRESS.search(urlsplit(url).path + "/") if url else None
    if in_address:
        return "-".join(in_address.groups())
    return _day(linked.get("dateCreated")) or _day(linked.get("dateModified"))


def _day(raw: Any) -> str | None:
    """Return the day of a date; None for what is none, or is no day of a web page."""
    iso = iso_date(_word(raw))
    day = iso[:10] if iso and len(iso) >= 10 else None
    return day if day and "1990" <= day[:4] <= "2100" else None


def _language(tree: HtmlElement, named: dict[str, str], linked: dict[str, Any]) -> str | None:
    for raw in (
        tree.get("lang"),
        tree.get("xml:lang"),
        named.get("content-language"),
        named.get("og:locale"),
        linked.get("inLanguage"),
    ):
        tag = _word(raw).strip()
        if _TAG.match(tag):
            return tag.replace("_", "-")[:35]
    return None


def _canonical(tree: HtmlElement, named: dict[str, str], url: str | None) -> str | None:
    """Return the address the page wants to be known by, without its fragment."""
    for element in tree.iter("link"):
        if (element.get("rel") or "").strip().lower() == "canonical" and element.get("href"):
            return _web_address(element.get("href") or "", url)
    return _web_address(named.get("og:url", ""), url)


def _web_address(href: str, url: str | None) -> str | None:
    try:
        address = urljoin(url or "", href.strip()).partition("#")[0]
        host = urlsplit(address).hostname
    except ValueError:
        return None
    return address if host and address.startswith(("http://", "https://")) else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(element: HtmlElement | None) -> str:
    return "" if element is None else " ".join(str(element.text_content()).split())


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(html.unescape(value).split()) if isinstance(value, str) else ""
