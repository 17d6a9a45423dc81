"""What the repository hands out: a record, its corrections, and places found by a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ai_catalyst.errors import StoreError
from ai_catalyst.pdf.model import Evidence

__all__ = ["ChangedMeanwhile", "Correction", "Hit", "SavedDocument", "Summary"]


class ChangedMeanwhile(StoreError):
    """Raised when somebody else changed the value that a person is about to change.

    ``current`` is what it is now.
    """

    def __init__(self, message: str, current: Any = None) -> None:
        """Keep the value beside the message."""
        super().__init__(message)
        self.current = current


@dataclass(frozen=True, slots=True)
class Correction:
    """Somebody changed a field ``before → after``; ``at`` is in seconds since the epoch."""

    field: str
    before: Any
    after: Any
    who: str
    at: float


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the list: what was saved, when, and how it went."""

    db_id: int
    file_name: str
    sha256: str
    method: str
    outcome: str
    pages: int
    saved: float
    corrections: int = 0


@dataclass(frozen=True, slots=True)
class SavedDocument:
    """A record in full.

    ``data`` is what holds now, with every correction; ``original`` what the extractor gave.
    """

    db_id: int
    file_name: str
    sha256: str
    method: str
    outcome: str
    pages: int
    saved: float
    data: Mapping[str, Any] = field(default_factory=dict)
    original: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A page that holds the words of a search; the words stand between ``⟦`` and ``⟧``."""

    db_id: int
    file_name: str
    page: int
    snippet: str
