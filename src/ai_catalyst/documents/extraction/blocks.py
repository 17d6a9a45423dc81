"""A page as blocks: what stands on lines of its own, how much of it is links, and where it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["Block", "blocks_of", "is_aside", "is_called_article"]

_SILENT = frozenset(
    re.findall(
        r"\w+",
        """
        aside audio button canvas dialog embed figcaption footer head iframe input map math
        menu nav noscript object script select style svg template textarea video
        """,
    )
)
"""Elements whose text is no part of an article, whatever they are called."""
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        """
        address article blockquote body center dd details div dl dt fieldset figure form h1 h2
        h3 h4 h5 h6 header hr html li main ol p pre section summary table tbody tfoot thead td
        th tr ul
        """,
    )
)
_DEEP = 240
_CAMEL = re.compile(r"([a-z0-9])([A-Z])")
_ASIDE = re.compile(
    r"(?<![a-z])(?:comments?|disqus|respond|sidebar|footer|navbar|navigation|breadcrumbs?|related"
    r"|recirc|recommend(?:ed|ation)?s?|promo|sponsor(?:ed)?|advert(?:isement)?|newsletter|subscribe"
    r"|cookie|consent|outbrain|taboola|trending|shar(?:e|ing)|social|popular|most-?read|teaser"
    r"|pagination|tags|caption|byline|author-?(?:bio|info|box)|copyright|hidden|widget|signup"
    r")(?![a-z])",
    re.IGNORECASE,
)
_BODY = re.compile(
    r"article-?body|post-?content|entry-?content|story-?body|article-{1,2}(?:text|content)"
    r"|main-?content|content-?body|post-?body|body-?content|story-?text",
    re.IGNORECASE,
)
"""Names that authors of templates give to the article, and to what surrounds it."""


@dataclass(slots=True)
class Block:
    """A text on lines of its own, the element it stands in, and how many of its letters link."""

    text: str
    linked: int
    element: _Element

    @property
    def tag(self) -> str:
        """The name of its element."""
        return str(self.element.tag)

    @property
    def share_linked(self) -> float:
        """How much of the text is links, from 0 to 1."""
        return self.linked / max(1, len(self.text))


def is_aside(element: _Element) -> bool:
    """Tell whether class or id call an element something beside the article."""
    words = _names(element)
    return bool(words and _ASIDE.search(words)) and not _BODY.search(words)


def is_called_article(element: _Element) -> bool:
    """Tell whether class, id or ``itemprop`` call an element the body of an article."""
    words = _names(element)
    return element.get("itemprop") == "articleBody" or bool(words and _BODY.search(words))


def _names(element: _Element) -> str:
    name = element.get("class"), element.get("id")
    if name == (None, None):
        return ""
    return _CAMEL.sub(r"\1-\2", " ".join(filter(None, name))).replace("_", "-")


def blocks_of(root: _Element) -> list[Block]:
    """Return the blocks under an element in their order, without menus, forms and what is hidden.

    Nesting beyond 240 is cut off.
    """
    walk = _Walk()
    walk.inside(root, root, linked=False, depth=0)
    walk.end(root)
    return walk.found


class _Walk:
    """Gathers text until a block ends."""

    def __init__(self) -> None:
        self.found: list[Block] = []
        self._pieces: list[str] = []
        self._linked = 0

    def end(self, element: _Element) -> None:
        if self._pieces:
            text = " ".join("".join(self._pieces).split())
            if text:
                self.found.append(Block(text, self._linked, element))
            self._pieces, self._linked = [], 0

    def inside(self, element: _Element, block: _Element, *, linked: bool, depth: int) -> None:
        self._take(element.text, linked)
        for child in element:
            tag = child.tag
            if tag in _SILENT or _is_hidden(child):
                if tag in _BLOCKS:
                    self.end(block)
            elif tag in _BLOCKS:
                self.end(block)
                if depth < _DEEP:
                    self.inside(child, child, linked=linked, depth=depth + 1)
                self.end(child)
            elif tag == "br":
                self._break(child, block)
            elif depth < _DEEP:
                self.inside(child, block, linked=linked or tag == "a", depth=depth + 1)
            self._take(child.tail, linked)

    def _take(self, text: str | None, linked: bool) -> None:
        if text:
            self._pieces.append(text)
            if linked:
                self._linked += len(text.strip())

    def _break(self, element: _Element, block: _Element) -> None:
        """Two line breaks in a row begin a new paragraph."""
        self._pieces.append("\n")
        following = element.getnext()
        if following is not None and following.tag == "br" and not (element.tail or "").strip():
            self.end(block)


def _is_hidden(element: _Element) -> bool:
    if not element.attrib:
        return False
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    style = element.get("style")
    return bool(style) and "display:none" in style.replace(" ", "")  # type: ignore[union-attr]
