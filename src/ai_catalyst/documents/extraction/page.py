"""A web page read: its article, what it says of itself, its links, and whether it is one at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from ai_catalyst.documents.extraction.article import Mode, article_lines
from ai_catalyst.documents.extraction.metadata import Metadata, metadata_of
from ai_catalyst.documents.extraction.verdict import Problem, problem_of
from ai_catalyst.documents.markup import flat_text, html_tree, links_of, text_of
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from lxml.html import HtmlElement

__all__ = ["ReadPage", "read_page"]

_SHORT = 200
"""Below this many characters what was extracted is compared with all the text of the page."""


@dataclass(slots=True)
class ReadPage:
    """What came of a page. ``links`` are absolute web addresses, each once, in order."""

    text: str
    about: Metadata = field(default_factory=Metadata)
    links: list[str] = field(default_factory=list)
    problem: Problem | None = None


def read_page(page: str, url: str | None = None, *, mode: Mode = "default") -> ReadPage:
    """Return the article of a page, or all of its readable text where no article stands out.

    A page that is nested beyond reason is read flat. Raises `FileError` for one with nothing in it.
    """
    try:
        tree = html_tree(page)
    except FileError as error:
        if error.kind != "too_large":
            raise
        return ReadPage(flat_text(page))
    about = metadata_of(tree, url)
    links = links_of(tree, _base(tree, url))
    lines = article_lines(tree, page, url, mode)
    text = "\n".join(line for line in lines if line.strip())
    if len(about.body) > 2 * len(text) and len(about.body) > _SHORT:
        text = flat_text(about.body)
    if len(text) >= _PLENTY:
        return ReadPage(text, about, links)
    whole = html_tree(page)  # the first tree has been taken apart
    problem = problem_of(whole, about.title, text, free=about.free)
    if len(text) < _SHORT:
        everything = text_of(whole)
        text = everything if len(everything) > 4 * len(text) else text
    return ReadPage(text, about, links, problem)


_PLENTY = 1500
"""With this much running text a page is an article, whatever else is on it."""


def _base(tree: HtmlElement, url: str | None) -> str | None:
    """Return what the page's links are relative to: its own ``base``, within its address."""
    own: str | None = next((e.get("href") for e in tree.iter("base") if e.get("href")), None)
    if own is None:
        return url
    try:
        return urljoin(url or "", own.strip())
    except ValueError:
        return url
