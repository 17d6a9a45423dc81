"""Of findings that overlap, one stands at each place, and nothing found is left uncovered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ai_catalyst.privacy.finding import Finding

__all__ = ["resolved"]


def resolved(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in order without overlap.

    A finding that encloses another takes its place; of two that cross, the surer one keeps its
    place and the other is cut down to what is left of it, so that no character that was found is
    given back.
    """
    ordered = sorted(findings, key=_start)
    kept: list[Finding] = []
    group: list[Finding] = []
    reach = -1
    for finding in ordered:
        if finding.start >= reach:
            kept += group if len(group) < 2 else _settled(group)
            group = []
        group.append(finding)
        reach = max(reach, finding.end)
    return kept + (group if len(group) < 2 else _settled(group))


def _settled(group: list[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    for finding in sorted(group, key=_rank):
        kept.extend(_rest(finding, kept))
    kept.sort(key=_start)
    return kept


def _start(finding: Finding) -> int:
    return finding.start


def _rank(finding: Finding) -> tuple[int, float, int, int]:
    literal = 0 if finding.kind == "LITERAL" else 1
    return (literal, finding.start - finding.end, -finding.score, finding.start)  # type: ignore[return-value]


def _rest(finding: Finding, kept: list[Finding]) -> list[Finding]:
    pieces = [finding]
    for other in kept:
        pieces = [part for piece in pieces for part in _minus(piece, other)]
        if not pieces:
            break
    return pieces


def _minus(piece: Finding, other: Finding) -> list[Finding]:
    if other.end <= piece.start or piece.end <= other.start:
        return [piece]
    parts = []
    for start, end in ((piece.start, other.start), (other.end, piece.end)):
        if start < end:
            part = _trimmed(piece, start, end)
            if part is not None:
                parts.append(part)
    return parts


def _trimmed(piece: Finding, start: int, end: int) -> Finding | None:
    text = piece.text[start - piece.start : end - piece.start]
    lead = 0
    while lead < len(text) and not text[lead].isalnum():
        lead += 1
    tail = len(text)
    while tail > lead and not text[tail - 1].isalnum():
        tail -= 1
    if lead == tail:
        return None
    return piece._replace(start=start + lead, end=start + tail, text=text[lead:tail])
