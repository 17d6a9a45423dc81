"""`Row`: one line of a page with its cells and where they stand; from word boxes, else from layout.

Places across the page are in characters, so that one set of distances fits both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from ai_catalyst.pdf.model import Box, PageText, Word

__all__ = ["Cell", "Row", "Token", "rows_of"]

_WORDS = re.compile(r"\S+")
_COLUMN_GAP = 1.9  # in characters; a word space is about half of one, justified text up to one
_MOST_WORDS = 20_000
_RULES = frozenset("|·•¦│")
"""Signs that part cells and say nothing themselves."""


class Token(NamedTuple):
    """A word of a row: its place in the row's text, and on the page."""

    start: int
    end: int
    left: float
    right: float
    box: Box | None


class Cell(NamedTuple):
    """Words of a row that stand together: place in the row's text, left and right on the page."""

    start: int
    end: int
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line: words joined by one space, cells by two; ``top`` and ``bottom`` are in lines."""

    page: int
    index: int
    text: str
    tokens: tuple[Token, ...]
    cells: tuple[Cell, ...]
    top: float
    bottom: float

    def span(self, start: int, end: int) -> tuple[float, float]:
        """Return left and right of a part of the text."""
        inside = [token for token in self.tokens if token.start < end and start < token.end]
        if not inside:
            return 0.0, 0.0
        left, right = inside[0].left, inside[-1].right
        left += _share(inside[0], max(start - inside[0].start, 0))
        right -= _share(inside[-1], max(inside[-1].end - end, 0))
        return left, right

    def box(self, start: int, end: int) -> Box | None:
        """Return the box of the words of a part of the text, None where words have none."""
        boxes = [
            token.box
            for token in self.tokens
            if token.start < end and start < token.end and token.box is not None
        ]
        return union(boxes)

    def cell_at(self, place: int) -> Cell:
        """Return the cell that holds a place of the text."""
        return next((cell for cell in self.cells if place < cell.end), self.cells[-1])


def union(boxes: Sequence[Box]) -> Box | None:
    """Return the box around boxes, None for none."""
    if not boxes:
        return None
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def rows_of(page: PageText) -> list[Row]:
    """Return the rows of a page from top to bottom, empty ones left out.

    Word boxes are used where the page has them; otherwise its ``layout`` (else its ``text``).
    """
    words = [word for word in page.words[:_MOST_WORDS] if word.text.strip()]
    if words:
        return _from_words(page.number, words)
    return _from_layout(page.number, page.layout or page.text)


def _share(token: Token, chars: int) -> float:
    return (token.right - token.left) * min(1.0, chars / max(1, token.end - token.start))


# From word boxes.


def _from_words(page: int, words: list[Word]) -> list[Row]:
    size = median((word.box[2] - word.box[0]) / len(word.text) for word in words) or 5.0
    height = median(word.box[3] - word.box[1] for word in words) or 10.0
    rows = []
    for index, line in enumerate(_lines(words)):
        row = _row_of_words(page, index, line, max(size, 0.1), max(height, 0.1))
        rows.extend([row] if row.cells else [])
    return rows


def _lines(words: list[Word]) -> list[list[Word]]:
    """Group words whose middles are about level, top to bottom, each line left to right."""
    lines: list[list[Word]] = []
    middles: list[float] = []
    for word in sorted(words, key=lambda word: (word.box[1] + word.box[3], word.box[0])):
        middle = (word.box[1] + word.box[3]) / 2
        tall = max(word.box[3] - word.box[1], 1.0)
        for place in range(len(lines) - 1, max(len(lines) - 5, -1), -1):
            other = lines[place][-1].box
            least = min(tall, max(other[3] - other[1], 1.0))
            if abs(middles[place] - middle) <= 0.45 * least:
                lines[place].append(word)
                break
        else:
            lines.append([word])
            middles.append(middle)
    return [sorted(line, key=lambda word: word.box[0]) for line in lines]


def _row_of_words(page: int, index: int, words: list[Word], size: float, height: float) -> Row:
    own = median((word.box[2] - word.box[0]) / len(word.text) for word in words)
    gap = _COLUMN_GAP * max(own, size * 0.7)
    text = ""
    tokens: list[Token] = []
    groups: list[list[Token]] = []
    last: Word | None = None
    ruled = False
    for word in words:
        if word.text in _RULES:
            ruled = True
            continue
        apart = last is None or ruled or word.box[0] - last.box[2] > gap
        ruled = False
        if last is not None:
            text += "  " if apart else " "
        token = Token(
            len(text),
            len(text) + len(word.text),
            word.box[0] / size,
            word.box[2] / size,
            word.box,
        )
        text += word.text
        tokens.append(token)
        if apart:
            groups.append([token])
        else:
            groups[-1].append(token)
        last = word
    top = min(word.box[1] for word in words) / height
    bottom = max(word.box[3] for word in words) / height
    return Row(page, index, text, tuple(tokens), _cells(groups), top, bottom)


def _cells(groups: list[list[Token]]) -> tuple[Cell, ...]:
    return tuple(
        Cell(group[0].start, group[-1].end, group[0].left, group[-1].right) for group in groups
    )


# From text whose columns are kept by spaces.


def _from_layout(page: int, layout: str) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(layout.splitlines()):
        groups: list[list[Token]] = []
        text = ""
        last = -9
        for match in _WORDS.finditer(line.expandtabs(8)):
            if match[0] in _RULES:
                continue
            apart = match.start() - last > 1
            if last >= 0:
                text += "  " if apart else " "
            token = Token(len(text), len(text) + len(match[0]), match.start(), match.end(), None)
            text += match[0]
            if apart:
                groups.append([token])
            else:
                groups[-1].append(token)
            last = match.end()
        if groups:
            tokens = tuple(token for group in groups for token in group)
            rows.append(
                Row(page, len(rows), text, tokens, _cells(groups), number * 1.2, number * 1.2 + 1)
            )
    return rows
