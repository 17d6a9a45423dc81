"""The text of one page as pdfium gives it, and each word with its box."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["Box", "Frame", "clean", "raw_text", "words_of"]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in points, from the page's upper left corner."""

_ODD_BREAKS = re.compile("\ufffe\r?\n?|\x02\r?\n?")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_WORD = re.compile(r"[^\s\x00]+")
_HYPHEN = str.maketrans({"\ufffe": "-", "\x02": "-"})
_WIDE = 1.2
"""A word this many times its height for each letter may be two, far from each other."""


def clean(text: str) -> str:
    """Mend pdfium's signs: soft hyphens at line ends, line ends, and letters no font names."""
    text = _ODD_BREAKS.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text)


def raw_text(textpage: Any) -> str:
    """Return the whole text, uncleaned: its places are pdfium's own text indices (UTF-16)."""
    from pypdfium2 import raw

    handle = textpage
    count = raw.FPDFText_CountChars(handle)
    index = raw.FPDFText_GetTextIndexFromCharIndex
    first, last = 0, count - 1
    while first <= last and index(handle, first) < 0:
        first += 1
    while first <= last and index(handle, last) < 0:
        last -= 1
    if first > last:
        return ""
    # pdfium writes as many as lie between the two ends of its text, whatever count it is given.
    size = max(index(handle, last) - index(handle, first), last - first) + 2
    buffer = ctypes.create_string_buffer(size * 2)
    into = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort))
    raw.FPDFText_GetText(handle, first, last - first + 1, into)
    text = buffer.raw.decode("utf-16-le", "surrogatepass")
    return text.partition("\x00")[0] if "\x00" in text else text


class Frame:
    """Turns pdfium's coordinates (from the lower left, unrotated) into those of the page as seen.

    ``width`` and ``height`` are those of the page as seen, in points.
    """

    def __init__(self, page: Any) -> None:
        """Look at the page's box and rotation."""
        from pypdfium2 import raw

        box = raw.FS_RECTF()
        raw.FPDF_GetPageBoundingBox(page, ctypes.byref(box))
        self.left, self.bottom, self.right, self.top = box.left, box.bottom, box.right, box.top
        self.turns = raw.FPDFPage_GetRotation(page) % 4
        wide, high = self.right - self.left, self.top - self.bottom
        self.width, self.height = (high, wide) if self.turns % 2 else (wide, high)

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """Return a rectangle as it is seen."""
        if self.turns == 0:
            seen = (left - self.left, self.top - top, right - self.left, self.top - bottom)
        elif self.turns == 1:
            seen = (bottom - self.bottom, left - self.left, top - self.bottom, right - self.left)
        elif self.turns == 2:
            seen = (self.right - right, bottom - self.bottom, self.right - left, top - self.bottom)
        else:
            seen = (self.top - top, self.right - right, self.top - bottom, self.right - left)
        x0, y0, x1, y1 = seen
        return round(x0, 2), round(y0, 2), round(x1, 2), round(y1, 2)


def words_of(textpage: Any, text: str, frame: Frame) -> list[tuple[str, Box]]:
    """Return the words of ``text`` (of `raw_text`) in reading order, each with its box."""
    place = _Places(textpage, text)
    found: list[tuple[str, Box]] = []
    for match in _WORD.finditer(text):
        for word, rectangle in place.parts(match.group(), match.start()):
            cleaned = clean(word.translate(_HYPHEN))
            if cleaned:
                found.append((cleaned, frame.box(*rectangle)))
    return found


Rectangle = tuple[float, float, float, float]


class _Places:
    """Looks up where letters stand: two letters a word, all of them where that looks odd."""

    def __init__(self, textpage: Any, text: str) -> None:
        from pypdfium2 import raw

        self._handle = textpage
        self._char_of = raw.FPDFText_GetCharIndexFromTextIndex
        self._first = max(0, self._index_of_first(raw))
        self._loose = raw.FPDFText_GetLooseCharBox
        self._tight = raw.FPDFText_GetCharBox
        self._angle = raw.FPDFText_GetCharAngle
        self._rect = raw.FS_RECTF()
        self._into = ctypes.byref(self._rect)
        self._four = [ctypes.c_double() for _ in range(4)]
        self._wide = None if text.isascii() or max(text) <= "\uffff" else text

    def _index_of_first(self, raw: Any) -> int:
        """The text index at which `raw_text` begins: 0, unless the first letters have none."""
        handle, index = self._handle, raw.FPDFText_GetTextIndexFromCharIndex
        count = raw.FPDFText_CountChars(handle)
        first = 0
        while first < count and index(handle, first) < 0:
            first += 1
        return int(index(handle, first)) if first < count else 0

    def parts(self, word: str, start: int) -> Iterator[tuple[str, Rectangle]]:
        """Yield the word and its rectangle; it comes in parts where it has gaps."""
        first, last = self._char(start), self._char(start + len(word) - 1)
        if first < 0 or last < first:
            return
        turned = abs(self._angle(self._handle, first)) > 0.01
        if turned:
            yield word, _around([self._tight_box(index) for index in range(first, last + 1)])
            return
        head, tail = self._box(first), self._box(last)
        whole = _around([head, tail])
        height = max(head[3] - head[1], 1.0)
        wide = whole[2] - whole[0] > _WIDE * height * len(word)
        if len(word) < 2 or not (wide or tail[0] < head[0] or whole[3] - whole[1] > 1.5 * height):
            yield word, whole
            return
        yield from self._split(word, start, height)

    def _split(self, word: str, start: int, height: float) -> Iterator[tuple[str, Rectangle]]:
        """Yield runs of letters that stand beside each other."""
        run, boxes = "", list[Rectangle]()
        for offset, letter in enumerate(word):
            index = self._char(start + offset)
            box = self._box(index) if index >= 0 else (boxes[-1] if boxes else (0.0,) * 4)
            if boxes and _apart(boxes[-1], box, height):
                yield run, _around(boxes)
                run, boxes = "", []
            run += letter
            boxes.append(box)
        if boxes:
            yield run, _around(boxes)

    def _char(self, place: int) -> int:
        if self._wide is not None:
            place += sum(letter > "\uffff" for letter in self._wide[:place])
        return int(self._char_of(self._handle, self._first + place))

    def _box(self, index: int) -> Rectangle:
        rect = self._rect
        if not self._loose(self._handle, index, self._into):
            return self._tight_box(index)
        return rect.left, rect.bottom, rect.right, rect.top

    def _tight_box(self, index: int) -> Rectangle:
        left, right, bottom, top = self._four
        self._tight(self._handle, index, left, right, bottom, top)
        return left.value, bottom.value, right.value, top.value


def _around(boxes: list[Rectangle]) -> Rectangle:
    if len(boxes) == 1:
        return boxes[0]
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _apart(before: Rectangle, after: Rectangle, height: float) -> bool:
    gap = max(after[0] - before[2], before[0] - after[2])
    return gap > height or abs(after[1] - before[1]) > height
