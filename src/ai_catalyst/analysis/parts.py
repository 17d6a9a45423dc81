"""Long texts in parts a model can read: cut between paragraphs, else sentences, else words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ai_catalyst.analysis.plain import plain_text
from ai_catalyst.analysis.words import count_words, detect_language

__all__ = ["Prepared", "estimate_tokens", "evenly", "prepare", "split_text"]

T = TypeVar("T")

_BYTES_A_TOKEN = 4
_BORDERS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?。])\s+"))


def estimate_tokens(text: str) -> int:
    """Return about how many tokens `text` is: its UTF-8 bytes by four, never less than one.

    Near enough for Latin scripts (English about 4.2, German 3.6) and for CJK (one a character).
    """
    return len(text.encode("utf-8", "replace")) // _BYTES_A_TOKEN + 1


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to be asked about; ``partial`` when not every part is kept."""

    parts: list[str]
    language: str
    words: int
    partial: bool


def prepare(text: str, hint: str, part_tokens: int, max_parts: int) -> Prepared:
    """Clean a text and cut it into parts; CPU-bound, about 0.2 s for 5 MB."""
    clean = plain_text(text).strip()
    pieces = split_text(clean, part_tokens)
    kept = evenly(pieces, max_parts)
    return Prepared(kept, detect_language(clean, hint), count_words(clean), len(kept) < len(pieces))


def split_text(text: str, tokens: int) -> list[str]:
    """Return `text` in parts of at most about `tokens` tokens, in order, none of them empty."""
    if estimate_tokens(text) <= tokens:
        return [text] if text.strip() else []
    limit = max(1, tokens) * _BYTES_A_TOKEN
    return [part for part in _cut(text, limit) if part.strip()]


def _cut(text: str, limit: int) -> Iterator[str]:
    """Yield pieces of at most `limit` bytes, cut at the best border in the last third of each."""
    start = 0
    while start < len(text):
        end = start + _characters(text, start, limit)
        if end < len(text):
            end = _border(text, start + (end - start) * 2 // 3, end)
        yield text[start:end].strip()
        start = end


def _characters(text: str, start: int, limit: int) -> int:
    """How many characters from `start` fit into `limit` bytes."""
    window = text[start : start + limit].encode("utf-8", "replace")
    return max(1, len(window[:limit].decode("utf-8", "ignore")))


def _border(text: str, low: int, high: int) -> int:
    for pattern in _BORDERS:
        ends = [match.end() for match in pattern.finditer(text, low, high)]
        if ends:
            return ends[-1]
    space = text.rfind(" ", low, high)
    return space + 1 if space > 0 else high


def evenly(pieces: Sequence[T], count: int) -> list[T]:
    """Return at most `count` pieces, spread evenly, the first and the last among them."""
    if len(pieces) <= count:
        return list(pieces)
    if count <= 1:
        return list(pieces[:count])
    return [pieces[n * (len(pieces) - 1) // (count - 1)] for n in range(count)]
