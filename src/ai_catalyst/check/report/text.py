"""Findings for people: grouped by the call that blocks, the worst first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ai_catalyst.check.finding import Finding

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


def as_text(findings: Sequence[Finding]) -> Iterator[str]:
    """Return the lines of the report: per blocking call, every async function that reaches it."""
    groups: dict[tuple[str, int, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.place.file, finding.place.line, finding.sink), []).append(
            finding
        )
    ordered = sorted(groups.values(), key=lambda g: (_RANK[g[0].severity], -len(g)))
    for group in ordered:
        yield from _group(group)


def _group(group: list[Finding]) -> Iterator[str]:
    first = min(group, key=lambda f: (_RANK[f.severity], len(f.chain)))
    what = _WHAT.get(first.kind, first.kind)
    usual = f", usually about {_time(first.cost_ms)}" if first.cost_ms else ""
    yield f"{first.place}: {first.severity}: {first.sink} {what}{usual}"
    if first.cost_ms:
        yield "    while it does, every other task of this event loop stands still"
    for finding in group[:_SHOWN]:
        yield f"    async {finding.root}  {finding.file}:{finding.line}"
        for place in finding.chain[1:-1]:
            yield f"      → {place.name}  {place}"
        if len(finding.chain) > 2:
            yield f"      → {finding.sink}  {finding.place}"
    if len(group) > _SHOWN:
        yield f"    … and {len(group) - _SHOWN} more async functions reach it"
    if first.message:
        yield f"    {first.message}"
    yield f"    instead: {first.replacement}"
    yield ""


def _time(milliseconds: float) -> str:
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:g} s"
    return f"{milliseconds:g} ms"
