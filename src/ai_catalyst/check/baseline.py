"""A baseline: what was known and let be; it only ever gets shorter by itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ai_catalyst.check.finding import Finding
from ai_catalyst.errors import UserError

__all__ = ["read_baseline", "split_by_baseline", "write_baseline"]


def read_baseline(path: Path) -> Counter[str]:
    """Return how often each finding was known; raises `UserError` when the file is none of ours."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["known"]
        return Counter({str(key): int(count) for key, count in known.items()})
    except FileNotFoundError as error:
        raise UserError(f"{path}: no baseline there; make it with --write-baseline") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not a baseline of catalyst check") from error


def write_baseline(path: Path, findings: Sequence[Finding]) -> None:
    """Write all findings as known; their lines may move, their functions and calls may not."""
    known = Counter(finding.key for finding in findings)
    text = json.dumps({"version": 1, "known": dict(sorted(known.items()))}, indent=2)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error


def split_by_baseline(
    findings: Sequence[Finding], known: Counter[str]
) -> tuple[list[Finding], Counter[str]]:
    """Return the findings that are new, and the known ones that are gone (the ratchet's gain)."""
    left = Counter(known)
    new = []
    for finding in findings:
        if left[finding.key] > 0:
            left[finding.key] -= 1
        else:
            new.append(finding)
    return new, +left
