"""`BatchResult`: what became of one file; there is exactly one for every file of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ai_catalyst.errors import (
    CatalystError,
    FileError,
    ItemCancelled,
    WorkerCrashed,
    WorkerOutOfMemory,
    WorkerTimeout,
)
from ai_catalyst.pdf.model import Evidence, OutcomeName

__all__ = ["BatchResult", "from_plain", "outcome_of", "to_plain"]

_OF_KIND: dict[str, OutcomeName] = {
    "encrypted": "ENCRYPTED",
    "too_large": "TOO_LARGE",
    "timeout": "TIMEOUT",
    "crashed": "CRASHED",
    "out_of_memory": "OUT_OF_MEMORY",
    "unsupported": "UNSUPPORTED",
    "missing": "UNSUPPORTED",
    "unreadable": "UNSUPPORTED",
    "no_text": "NO_TEXT",
}


@dataclass(slots=True)
class BatchResult:
    """One file's result; ``success`` says whether ``data`` may be used.

    ``data`` is ``{field: value}``, ``evidence`` ``{field: Evidence}``, ``error`` a line for people
    or None, ``db_id`` the row in the repository or None, ``seconds`` how long it took, ``attempts``
    how often it was tried, ``pages`` how many pages it has (0 when nobody could count them).

    ``outcome`` is what the file turned out to be: ``OK``; ``PARTIAL`` (some pages could not be
    read, or the result could not be kept: ``error`` says which); ``NO_TEXT`` (read, and there is
    none); or why there is nothing.
    """

    file_name: str
    success: bool = False
    data: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    db_id: int | None = None
    method: str = "classic"
    seconds: float = 0.0
    attempts: int = 1
    pages: int = 0
    outcome: OutcomeName = "OK"
    evidence: dict[str, Evidence] = field(default_factory=dict)


def outcome_of(error: BaseException) -> OutcomeName:
    """Return the outcome that tells of this error; what is no fault of the file is PARTIAL."""
    if isinstance(error, FileError):
        return _OF_KIND.get(error.kind, "MALFORMED")
    kinds: tuple[tuple[type[BaseException], OutcomeName], ...] = (
        (WorkerTimeout, "TIMEOUT"),
        (WorkerCrashed, "CRASHED"),
        (WorkerOutOfMemory, "OUT_OF_MEMORY"),
        (MemoryError, "OUT_OF_MEMORY"),
        (ItemCancelled, "CANCELLED"),
        (TimeoutError, "TIMEOUT"),
        (CatalystError, "PARTIAL"),
    )
    return next((name for kind, name in kinds if isinstance(error, kind)), "PARTIAL")


def to_plain(result: BatchResult) -> dict[str, Any]:
    """Return a result as one mapping, evidence as rows."""
    plain = {name: getattr(result, name) for name in BatchResult.__slots__}
    plain["evidence"] = {name: list(found) for name, found in result.evidence.items()}
    return plain


def from_plain(plain: dict[str, Any]) -> BatchResult:
    """Return the result that `to_plain` took apart; names it does not know are left out."""
    known = {name: plain[name] for name in BatchResult.__slots__ if name in plain}
    known["evidence"] = {name: _evidence(found) for name, found in known["evidence"].items()}
    return BatchResult(**known)


def _evidence(row: list[Any]) -> Evidence:
    page, quote, box, confidence, source = row
    return Evidence(page, quote, tuple(box) if box is not None else None, confidence, source)
