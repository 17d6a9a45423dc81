"""The wing's nouns: a page as read, a value with its place, and one result a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

__all__ = [
    "Box",
    "DataExtractor",
    "Evidence",
    "Extraction",
    "OutcomeName",
    "PageText",
    "Word",
]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in points (1/72 inch), from the page's upper left corner."""

OutcomeName = Literal[
    "OK",
    "PARTIAL",
    "NO_TEXT",
    "ENCRYPTED",
    "MALFORMED",
    "TOO_LARGE",
    "UNSUPPORTED",
    "TIMEOUT",
    "CRASHED",
    "OUT_OF_MEMORY",
    "CANCELLED",
]


class Word(NamedTuple):
    """One word of a page and the box it stands in."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class PageText:
    """One page: ``text`` in reading order (for models), ``layout`` with its columns (for rules).

    ``number`` counts from 1; ``width`` and ``height`` are points; ``source`` says who read it:
    ``pdfium``, ``pypdf`` or ``ocr``. ``words`` are in reading order.
    """

    number: int
    text: str
    layout: str
    width: float = 0.0
    height: float = 0.0
    words: tuple[Word, ...] = ()
    notes: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    tables: tuple[tuple[tuple[str, ...], ...], ...] = ()
    source: str = "pdfium"

    def __reduce__(self) -> tuple[type[PageText], tuple[Any, ...]]:
        """Pickle as a call: each page comes from another process, and this takes a third."""
        return PageText, tuple([getattr(self, name) for name in PageText.__slots__])


class Evidence(NamedTuple):
    """Where a value stands: page from 1, the words as written, their box, 0 to 1, and who says so.

    ``source`` names the extractor (``label``, ``pattern``, ``template:<name>``, ``model``, …).
    A value nobody can show has ``page`` and ``quote`` None and a low ``confidence``.
    """

    page: int | None
    quote: str | None
    box: Box | None
    confidence: float
    source: str


@dataclass(slots=True)
class Extraction:
    """What an extractor found in one document: ``{field: value}`` and ``{field: evidence}``."""

    data: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)


class DataExtractor(Protocol):
    """What any extractor of a user does: fields out of a text; sync, and called off the loop."""

    def extract(self, text: str, fields: Any) -> Mapping[str, Any]:
        """Return ``{field: value}``."""
        ...


class PageExtractor(Protocol):
    """What our own extractors do beyond that: values with their place, from pages."""

    async def extract_pages(self, pages: Sequence[PageText], fields: Any) -> Extraction:
        """Return values and their evidence."""
        ...
