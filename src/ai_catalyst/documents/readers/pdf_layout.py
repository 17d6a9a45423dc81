"""A page's words set out as they stand: lines as lines, columns as columns."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from ai_catalyst.documents.readers.pdf_text import Box

__all__ = ["lay_out"]

Words = Sequence[tuple[str, Box]]

_SAME_PHRASE = 0.6
"""Up to this gap, in heights of the line, words belong together: one space."""
_MOST_COLUMNS = 400
_MOST_BLANK = 2


def lay_out(words: Words) -> str:
    """Return the page as text on a grid: what stands side by side there does so here.

    A cell is as wide as a narrow letter of the page, so that columns of small print have room.
    Words turned by a quarter come last, each on a line of its own.
    """
    upright = [word for word in words if not _is_turned(*word)]
    turned = [text for text, box in words if _is_turned(text, box)]
    lines = _lines(upright)
    if not lines:
        return "\n".join(turned)
    left = min(word[1][0] for word in upright)
    cell = _cell(upright)
    height = statistics.median(box[3] - box[1] for _, box in upright) or 1.0
    out: list[str] = []
    bottom: float | None = None
    for line in lines:
        top = min(box[1] for _, box in line)
        if bottom is not None:
            out += [""] * min(_MOST_BLANK, max(0, round((top - bottom) / height - 0.3)))
        out.append(_row(line, left, cell))
        bottom = max(box[3] for _, box in line)
    return "\n".join(out + turned)


def _is_turned(text: str, box: Box) -> bool:
    return len(text) > 2 and box[3] - box[1] > 1.5 * (box[2] - box[0])


def _cell(words: Words) -> float:
    """Return the width of a cell: that of a letter in the narrower third of the words."""
    widths = sorted((box[2] - box[0]) / len(text) for text, box in words if len(text) > 1)
    if not widths:
        return 5.0
    return max(widths[len(widths) // 3], 1.0)


def _lines(words: Words) -> list[list[tuple[str, Box]]]:
    """Return words by line, from the top; those of a line from the left."""
    lines: list[list[tuple[str, Box]]] = []
    middle = height = 0.0
    for word in sorted(words, key=lambda word: word[1][1] + word[1][3]):
        _, (_, top, _, bottom) = word
        at, high = (top + bottom) / 2, bottom - top
        if lines and at - middle <= 0.5 * max(min(height, high), 1.0):
            line = lines[-1]
            middle += (at - middle) / (len(line) + 1)
            height = max(height, high)
            line.append(word)
        else:
            lines.append([word])
            middle, height = at, high
    for line in lines:
        line.sort(key=lambda word: word[1][0])
    return lines


def _row(line: list[tuple[str, Box]], left: float, cell: float) -> str:
    row = ""
    end = 0.0
    for text, (x0, top, x1, bottom) in line:
        near = row and x0 - end <= _SAME_PHRASE * (bottom - top)
        if near:
            row += " " + text
        else:
            column = min(round((x0 - left) / cell), _MOST_COLUMNS)
            gap = max(column - len(row), 2 if row else 0)
            row += " " * gap + text
        end = max(end, x1)
    return row
