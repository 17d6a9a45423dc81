"""A document's text as passages: cut at headings and paragraphs, each knowing where it stood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ai_catalyst.store.search import NewPassage

__all__ = ["passages_of", "section_of"]

TARGET = 1200
"""Characters of a passage, about: enough for a thought, little enough to be read at a glance."""
LONGEST = 1800
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[\"“„«(]?\w)")
_BLANK = re.compile(r"\n[ \t]*\n")


def passages_of(text: str, *, title: str = "", page_starts: Sequence[int] = ()) -> list[NewPassage]:
    """Return the passages of a text, in order; nothing of it is lost but white space.

    ``page_starts`` are the places in ``text`` where pages begin; a passage has the page it begins
    on. Markdown headings stand above the passages below them, joined by `` > ``.
    """
    pages = _Pages(page_starts)
    draft = _Draft(title)
    for place, paragraph in _paragraphs(text):
        heading = _HEADING.match(paragraph)
        if heading is not None:
            draft.turn_to(len(heading[1]), heading[2])
            continue
        page = pages.at(place)
        for piece in _pieces(paragraph):
            draft.put(piece, page)
    draft.end()
    return draft.passages


def section_of(heading: str, document: str) -> str:
    """Return what stands below a document's own title in a heading; empty when nothing does."""
    first, _, rest = heading.partition(" > ")
    return rest if document and first.startswith(document) else heading


class _Pages:
    """Which page a place is on; places are asked in rising order."""

    def __init__(self, starts: Sequence[int]) -> None:
        self._starts = starts
        self._page = 0

    def at(self, place: int) -> int | None:
        """Return the page from 1, None for a text without pages."""
        while self._page < len(self._starts) and self._starts[self._page] <= place:
            self._page += 1
        return max(self._page, 1) if self._starts else None


@dataclass(slots=True)
class _Draft:
    """Passages so far, and the one that is being filled."""

    title: str
    passages: list[NewPassage] = field(default_factory=list)
    _headings: list[tuple[int, str]] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _page: int | None = None

    def turn_to(self, level: int, heading: str) -> None:
        """Begin what stands below a heading."""
        self.end()
        self._headings = [known for known in self._headings if known[0] < level]
        self._headings.append((level, heading))

    def put(self, piece: str, page: int | None) -> None:
        """Add a piece, to a new passage when this one is full or ends with its page."""
        size = sum(map(len, self._parts))
        if self._parts and (page != self._page or size + len(piece) > TARGET):
            self.end()
        if not self._parts:
            self._page = page
        self._parts.append(piece)

    def end(self) -> None:
        """Finish the passage that is being filled."""
        if self._parts:
            self.passages.append(NewPassage("\n\n".join(self._parts), self._above(), self._page))
            self._parts = []

    def _above(self) -> str:
        names = [name for _, name in self._headings]
        if self.title and not (names and names[0].startswith(self.title)):
            names.insert(0, self.title)
        return " > ".join(names)


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield each paragraph with its place; a heading is one by itself."""
    start = 0
    for end, after in [*((m.start(), m.end()) for m in _BLANK.finditer(text)), (len(text),) * 2]:
        place = start
        kept: list[str] = []
        kept_at = start
        for line in text[start:end].splitlines(keepends=True):
            if _HEADING.match(line.strip()):
                if kept:
                    yield kept_at, "".join(kept).strip()
                yield place, line.strip()
                kept = []
            elif line.strip() or kept:
                kept_at = kept_at if kept else place
                kept.append(line)
            place += len(line)
        if kept and "".join(kept).strip():
            yield kept_at, "".join(kept).strip()
        start = after


def _pieces(paragraph: str) -> Iterator[str]:
    """Yield a paragraph whole, or sentence by sentence when it is long, never beyond a limit."""
    if len(paragraph) <= LONGEST:
        yield paragraph
        return
    for sentence in _SENTENCE.split(paragraph):
        rest = sentence
        while len(rest) > LONGEST:
            cut = rest.rfind(" ", 0, LONGEST)
            cut = cut if cut > LONGEST // 2 else LONGEST
            yield rest[:cut].rstrip()
            rest = rest[cut:].lstrip()
        if rest:
            yield rest
