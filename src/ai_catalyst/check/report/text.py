"""Findings for people: grouped by the call that blocks, the worst first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from ai_catalyst.check.finding import Finding, Place

__all__ = ["as_text"]

_RANK = {"error": 0, "warning": 1, "note": 2}
_WHAT = {
    "network": "waits for the network",
    "database": "waits for the database",
    "file": "waits for the disk",
    "process": "waits for a process",
    "sleep": "sleeps",
    "lock": "waits for a lock",
    "cpu": "keeps the processor busy",
    "client": "is made anew for every call",
    "timeout": "may wait for ever",
}
_SHOWN = 5
_LONGEST = 70


LineOf: TypeAlias = Callable[[str, int], str]
"""Gives a line of a file, as it stands there; nothing when it cannot be read."""


def as_text(findings: Sequence[Finding], line_of: LineOf = lambda _, __: "") -> Iterator[str]:
    """Return the lines of the report: per blocking call, every async function that reaches it.

    ``line_of`` shows the code of each step.
    """
    groups: dict[tuple[str, int, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.place.file, finding.place.line, finding.sink), []).append(
            finding
        )
    ordered = sorted(groups.values(), key=lambda g: (_RANK[g[0].severity], -len(g)))
    for group in ordered:
        yield from _group(group, line_of)


def _group(group: list[Finding], line_of: LineOf) -> Iterator[str]:
    first = min(group, key=lambda f: (_RANK[f.severity], len(f.chain)))
    what = _WHAT.get(first.kind, first.kind)
    usual = f", usually about {_time(first.cost_ms)}" if first.cost_ms else ""
    yield f"{first.place}: {first.severity}: {first.sink} {what}{usual}"
    if first.cost_ms:
        yield "    while it does, every other task of this event loop stands still"
    for finding in group[:_SHOWN]:
        first_place, *between = finding.chain[:-1]
        yield f"    async {finding.root}  {_shown(first_place, line_of)}"
        for place in between:
            yield f"      → {place.name}  {_shown(place, line_of)}"
        if between:
            yield f"      → {finding.sink}"
    if len(group) > _SHOWN:
        yield f"    … and {len(group) - _SHOWN} more async functions reach it"
    if first.message:
        yield f"    {first.message}"
    yield f"    instead: {first.replacement}"
    yield ""


def _shown(place: Place, line_of: LineOf) -> str:
    code = " ".join(line_of(place.file, place.line).split())
    if len(code) > _LONGEST:
        code = code[: _LONGEST - 1] + "…"
    return f"{place}: {code}" if code else str(place)


def _time(milliseconds: float) -> str:
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:g} s"
    return f"{milliseconds:g} ms"
