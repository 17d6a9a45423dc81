"""What a report says of one source: a plain row, so that reports know no store and no pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ai_catalyst.analysis.schemas import Analysis

__all__ = ["ReportRow"]


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One named source: its analysis, or the reason why there is none.

    ``position`` counts from 1 in the order the sources were named; ``date`` and ``author`` are the
    document's own; ``personal`` counts the personal items found in it by kind. ``like`` is the
    position of an earlier source that says nearly the same; ``references`` are title and address of
    linked pages that were read with it. Nothing here differs between two runs over the same input.
    """

    position: int
    uri: str
    title: str = ""
    kind: str = ""
    pages: int = 1
    words: int = 0
    language: str = ""
    analysis: Analysis | None = None
    error: str | None = None
    date: str = ""
    author: str = ""
    personal: Mapping[str, int] = field(default_factory=dict)
    like: int | None = None
    references: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The title, or where there is none the source."""
        return self.title.strip() or self.uri
