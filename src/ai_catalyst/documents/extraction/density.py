"""The article by where its text is dense: the smallest element that holds most paragraphs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from ai_catalyst.documents.extraction.blocks import (
    Block,
    blocks_of,
    is_aside,
    is_called_article,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["Dense", "dense_article"]

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_STOPS = re.compile(r"[.!?…:;\"”»。！？：；」]")
_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]")
_ENDS = (".", "!", "?", "…", '"', "”", "»", "。", "！", "？", "」", ":")
_PARAGRAPH = 60
"""Letters that make a paragraph rather than a label; one of a wide script counts as three."""
_MOST = 0.75
"""The article's element holds at least this share of the paragraphs of what is around it."""
_HALF = 0.5
"""An element with more of the page's text than this is no aside, whatever it is called."""


@dataclass(frozen=True, slots=True)
class Dense:
    """The lines of the article; ``named`` tells that the page itself calls their element that."""

    lines: list[str]
    named: bool = False


def dense_article(root: _Element) -> Dense:
    """Return the article of a page; without lines when there is no running text."""
    body = root.find(".//body")
    body = root if body is None else body
    blocks = blocks_of(body)
    apart = _Aside(_weights(blocks, body), body)
    inner = [block for block in blocks if not apart.holds(block.element)]
    weights = _weights([block for block in inner if _is_running(block)], body)
    if not weights.get(body):
        return Dense([])
    article = _densest(body, weights)
    within = set(article.iter())
    lines = _lines([one for one in inner if one.element in within and one.share_linked <= _HALF])
    around = [article, *islice(article.iterancestors(), 2)]
    named = any(map(is_called_article, around)) and article.find(".//table") is None
    return Dense(lines, named)


def _letters(block: Block) -> float:
    """Return how much running text a block is, 0 for a label or a list of links."""
    count = len(block.text)
    if not block.text.isascii():
        count += 2 * len(_WIDE.findall(block.text))
    own = count - block.linked
    return own if own >= _PARAGRAPH and block.linked <= 0.4 * count else 0


def _is_running(block: Block) -> bool:
    return block.tag not in _HEADINGS and bool(_STOPS.search(block.text))


def _weights(blocks: list[Block], body: _Element) -> dict[_Element, float]:
    """Return for each element how much running text is in it; half of what lists hold."""
    weights: dict[_Element, float] = {}
    for block in blocks:
        letters = _letters(block) * (0.5 if block.tag == "li" else 1)
        element: _Element | None = block.element
        while letters and element is not None:
            weights[element] = weights.get(element, 0) + letters
            element = None if element is body else element.getparent()
    return weights


class _Aside:
    """Knows what stands beside the article: what is called so, and is not most of the page."""

    def __init__(self, weights: dict[_Element, float], body: _Element) -> None:
        self._weights = weights
        self._limit = _HALF * weights.get(body, 0)
        self._known: dict[_Element, bool] = {body: False}

    def holds(self, element: _Element) -> bool:
        """Tell whether an element is an aside or in one."""
        path = []
        found = self._known.get(element)
        outer: _Element | None = element
        while found is None and outer is not None:
            path.append(outer)
            outer = outer.getparent()
            found = False if outer is None else self._known.get(outer)
        for one in reversed(path):
            found = found or (is_aside(one) and self._weights.get(one, 0) <= self._limit)
            self._known[one] = bool(found)
        return bool(found)


def _densest(body: _Element, weights: dict[_Element, float]) -> _Element:
    """Walk down while one child holds most of what its parent does."""
    element = body
    while True:
        best = max(element, key=lambda child: weights.get(child, 0), default=None)
        if best is None or weights.get(best, 0) < _MOST * weights[element] or best.tag == "p":
            return element
        element = best


def _lines(blocks: list[Block]) -> list[str]:
    """Leave out the title, headings that nothing follows, and labels."""
    lines = []
    for place, block in enumerate(blocks):
        following = blocks[place + 1] if place + 1 < len(blocks) else None
        tag = block.tag
        if tag == "h1":
            continue
        if tag in _HEADINGS:
            if following is None or (following.tag in _HEADINGS and following.tag <= tag):
                continue
        elif tag not in _TEXT and len(block.text.split()) < 6 and not _is_sentence(block.text):
            continue
        lines.append(f"- {block.text}" if tag == "li" else block.text)
    return lines


_TEXT = frozenset({"p", "li", "blockquote", "pre", "dd", "dt", "td", "th"})


def _is_sentence(text: str) -> bool:
    return text.endswith(_ENDS) or len(_WIDE.findall(text)) > 10
