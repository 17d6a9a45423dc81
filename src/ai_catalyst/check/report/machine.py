"""Findings for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ai_catalyst.check.finding import Finding, Place

__all__ = ["as_github", "as_json", "as_sarif"]

_RULES = {
    "network": "A network call blocks the event loop",
    "database": "A database call blocks the event loop",
    "file": "A file operation blocks the event loop",
    "process": "Waiting for a process blocks the event loop",
    "sleep": "A sleep blocks the event loop",
    "lock": "Waiting for a lock or thread blocks the event loop",
    "cpu": "Heavy computing blocks the event loop",
    "client": "A client is made for every call",
    "timeout": "A call may wait for ever",
}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(
    findings: Sequence[Finding], problems: Sequence[tuple[str, str]] = ()
) -> dict[str, Any]:
    """Return the findings as plain data: the contract's fields, and severity, cost and message."""
    return {
        "findings": [_plain(finding) for finding in findings],
        "problems": [{"file": file, "message": why} for file, why in problems],
    }


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "file": finding.file,
        "line": finding.line,
        "root": finding.root,
        "sink": finding.sink,
        "kind": finding.kind,
        "replacement": finding.replacement,
        "chain": [{"file": p.file, "line": p.line, "name": p.name} for p in finding.chain],
        "severity": finding.severity,
        "cost_ms": finding.cost_ms,
        "message": finding.message,
    }


def _sentence(finding: Finding) -> str:
    way = " → ".join(place.name for place in finding.chain)
    told = f" ({finding.message})" if finding.message else ""
    return f"{_RULES[finding.kind]}: {way}{told}. Instead: {finding.replacement}"


def as_github(findings: Sequence[Finding]) -> Iterator[str]:
    """Return one workflow command a finding, which GitHub shows beside the line."""
    for finding in findings:
        level = {"note": "notice"}.get(finding.severity, finding.severity)
        place = f"file={_escaped(finding.file)},line={finding.line}"
        title = _escaped(f"{finding.sink} in async {finding.root}")
        message = _sentence(finding).replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")
        yield f"::{level} {place},title={title}::{message}"


def _escaped(text: str) -> str:
    for char, code in (("%", "%25"), ("\n", "%0A"), ("\r", "%0D"), (":", "%3A"), (",", "%2C")):
        text = text.replace(char, code)
    return text


def as_sarif(findings: Sequence[Finding], version: str) -> dict[str, Any]:
    """Return a SARIF 2.1.0 log; each result holds its chain as a code flow."""
    kinds = sorted({finding.kind for finding in findings})
    driver = {
        "name": "catalyst check",
        "version": version,
        "rules": [
            {"id": f"blocking-{kind}", "shortDescription": {"text": _RULES[kind]}} for kind in kinds
        ],
    }
    results = [_result(finding, kinds) for finding in findings]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _result(finding: Finding, kinds: list[str]) -> dict[str, Any]:
    steps = [{"location": _location(place, place.name)} for place in finding.chain]
    return {
        "ruleId": f"blocking-{finding.kind}",
        "ruleIndex": kinds.index(finding.kind),
        "level": finding.severity,
        "message": {"text": _sentence(finding)},
        "locations": [_location(finding.chain[0])],
        "relatedLocations": [{"id": 1, **_location(finding.place, finding.sink)}],
        "codeFlows": [{"threadFlows": [{"locations": steps}]}],
        "partialFingerprints": {"catalyst/v1": finding.key},
    }


def _location(place: Place, text: str | None = None) -> dict[str, Any]:
    from urllib.parse import quote

    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(place.file)},
            "region": {"startLine": place.line},
        }
    }
    if text is not None:
        location["message"] = {"text": text}
    return location
