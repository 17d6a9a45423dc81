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

__all__ = ["BatchResult", "outcome_of"]

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
