"""The article of a page by several opinions: two in the usual mode, three when they disagree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from ai_catalyst.documents.extraction.density import dense_article
from ai_catalyst.documents.markup import html_tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.html import HtmlElement

__all__ = ["Mode", "article_lines"]

Mode = Literal["default", "quality"]

_WORDS = re.compile(r"\w+")
_AGREED = 0.5
"""When less than this share of an opinion is in the other, they disagree about the page."""
_ENOUGH = 250
_NO_TEXT = (
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "iframe",
    "object",
    "canvas",
    "video",
    "audio",
    "nav",
    "footer",
    "button",
    "select",
    "input",
    "textarea",
    "img",
    "picture",
    "source",
    "embed",
    "dialog",
    "link",
    "meta",
)


def article_lines(tree: HtmlElement, page: str, url: str | None, mode: Mode) -> list[str]:
    """Return the lines of the article in a page; none when there is no running text.

    ``tree`` is ``page`` parsed, and is taken apart. Where the densest element is the one that the
    page itself calls its article, that is it. Else by default a line counts when both trafilatura
    and the density of the text speak for it. ``quality`` always asks, readability too, and wants
    two of three. Where opinions are about different parts of the page, three decide.
    """
    found = dense_article(tree)
    dense = found.lines
    if mode == "default" and found.named and _letters(dense) >= _ENOUGH:
        return dense
    first = _trafilatura(tree, url)
    if not dense or not first:
        return first or dense
    if mode == "quality":
        third = _readability(page)
        kept = _supported(dense, _spoken(first), _spoken(third))
    else:
        kept = _supported(first, _spoken(dense))
    if _letters(kept) >= _AGREED * max(_letters(first), _letters(dense)):
        return kept
    return _decided(dense, first, page, url)


def _decided(dense: list[str], first: list[str], page: str, url: str | None) -> list[str]:
    """Settle a disagreement: the lines that two of three further opinions have."""
    precise = _spoken(_trafilatura(html_tree(page), url, precise=True))
    third = _spoken(_readability(page))
    spoken = _spoken(dense)
    base = first if _letters(first) >= _AGREED * _letters(dense) else dense
    kept = [
        line
        for line in base
        if sum(_normal(line) in opinion for opinion in (precise, third, spoken)) >= 2
    ]
    return kept or first


def _supported(lines: list[str], *opinions: str) -> list[str]:
    """Return the lines that are in at least one of the opinions."""
    kept = []
    for line in lines:
        normal = _normal(line)
        if normal and any(normal in opinion for opinion in opinions):
            kept.append(line)
    return kept


def _normal(line: str) -> str:
    return " ".join(_WORDS.findall(line)).lower()


def _spoken(lines: Iterable[str]) -> str:
    """Return an opinion in the form that lines are looked for in."""
    return _normal(" ".join(lines))


def _letters(lines: Iterable[str]) -> int:
    return sum(map(len, lines))


def _trafilatura(tree: HtmlElement, url: str | None, *, precise: bool = False) -> list[str]:
    import trafilatura
    from lxml import etree

    etree.strip_elements(tree, *_NO_TEXT, with_tail=False)
    found = trafilatura.bare_extraction(
        tree, url=url, fast=True, include_comments=False, favor_precision=precise
    )
    return str(getattr(found, "text", "") or "").splitlines()


def _readability(page: str) -> list[str]:
    """Return what readability takes for the article."""
    from trafilatura.readability_lxml import Document

    try:
        summary = Document(html_tree(page)).summary()
        tree = html_tree(str(summary))
    except Exception:  # noqa: BLE001 - an opinion that fails is none
        return []
    return [" ".join(str(piece).split()) for piece in tree.itertext()]
