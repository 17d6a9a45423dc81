"""Where words stand on a page: a quote is looked up whatever its spaces, ligatures and dashes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from ai_catalyst.pdf.model import Box, PageText

__all__ = ["Found", "find_quote", "locate"]

_SAME = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("‘’‚‛′`´", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\ufeff", ""),
    }
)


class Found(NamedTuple):
    """A quote as the page has it, and its box where words have boxes."""

    page: int
    quote: str
    box: Box | None


class _Text(NamedTuple):
    """Signs of a text without spaces, and for each the index of its word and place therein."""

    signs: str
    words: tuple[int, ...]


def locate(quote: str, pages: Sequence[PageText], first: int | None = None) -> Found | None:
    """Return where a quote stands, None for nowhere; page number ``first`` is tried first."""
    ordered = sorted(pages, key=lambda page: page.number != first)
    for page in ordered:
        found = find_quote(quote, page)
        if found is not None:
            return found
    return None


def find_quote(quote: str, page: PageText) -> Found | None:
    """Return where a quote stands on a page, None when it does not.

    Spaces, line ends, ligatures, soft hyphens, kinds of dashes and of quotation marks and case do
    not matter; whole words and whole numbers do: ``11`` is not in ``2011`` nor in ``4.11``. Besides
    the words, the page's text, layout, notes and form values count (without a box).
    """
    wanted = _signs(quote)
    if not wanted or not any(char.isalnum() for char in wanted):
        return None
    words = tuple(word.text for word in page.words)
    span = _search(wanted, _of_words(words)) if words else None
    if span is not None:
        boxes = [word.box for word in page.words[span[0] : span[1] + 1]]
        return Found(page.number, " ".join(words[span[0] : span[1] + 1]), _around(boxes))
    for text in _texts(page):
        pieces = tuple(text.split())
        span = _search(wanted, _of_words(pieces))
        if span is not None:
            return Found(page.number, " ".join(pieces[span[0] : span[1] + 1]), None)
    return None


def _texts(page: PageText) -> Iterator[str]:
    yield page.text
    yield page.layout
    yield from page.notes
    for name, value in page.fields:
        yield value
        yield name


@lru_cache(maxsize=64)
def _of_words(words: tuple[str, ...]) -> _Text:
    signs: list[str] = []
    indexes: list[int] = []
    for index, word in enumerate(words):
        plain = _signs(word)
        signs.append(plain)
        indexes.extend([index] * len(plain))
    return _Text("".join(signs), tuple(indexes))


@lru_cache(maxsize=4096)
def _signs(text: str) -> str:
    """Return a text's signs, folded, without spaces."""
    folded = unicodedata.normalize("NFKC", text.translate(_SAME)).casefold()
    return "".join(char for char in folded if not char.isspace())


def _search(wanted: str, text: _Text) -> tuple[int, int] | None:
    """Return the first and last word of the first place that is bounded by word ends."""
    start = text.signs.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if not _inside(text, start, end, -1) and not _inside(text, start, end, 1):
            return text.words[start], text.words[end - 1]
        start = text.signs.find(wanted, start + 1)
    return None


def _inside(text: _Text, start: int, end: int, side: int) -> bool:
    """Whether the sign beside the place belongs to the same word or number."""
    edge, beside = (start, start - 1) if side < 0 else (end - 1, end)
    if not 0 <= beside < len(text.signs) or text.words[beside] != text.words[edge]:
        return False
    mine, other = text.signs[edge], text.signs[beside]
    if not mine.isalnum():
        return False
    if other.isalnum():
        return True
    further = beside + side
    return (
        mine.isdigit()
        and other in ".,"
        and 0 <= further < len(text.signs)
        and text.words[further] == text.words[beside]
        and text.signs[further].isdigit()
    )


def _around(boxes: Sequence[Box]) -> Box | None:
    if not boxes:
        return None
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
