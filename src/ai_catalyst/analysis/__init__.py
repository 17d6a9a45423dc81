"""Reading: documents become understanding, understanding becomes reports."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.analysis.analyst import Analyst, Estimate, ModelAnalyst
    from ai_catalyst.analysis.extractive import ExtractiveAnalyst
    from ai_catalyst.analysis.plain import plain_text, safe_text
    from ai_catalyst.analysis.reports import ReportRow, write_reports
    from ai_catalyst.analysis.schemas import (
        EXTRACTIVE,
        SCHEMA_VERSION,
        Analysis,
        decode_analysis,
        encode_analysis,
    )

__all__ = [
    "EXTRACTIVE",
    "SCHEMA_VERSION",
    "Analysis",
    "Analyst",
    "Estimate",
    "ExtractiveAnalyst",
    "ModelAnalyst",
    "ReportRow",
    "decode_analysis",
    "encode_analysis",
    "plain_text",
    "safe_text",
    "write_reports",
]

_HOMES = {
    "EXTRACTIVE": "schemas",
    "SCHEMA_VERSION": "schemas",
    "Analysis": "schemas",
    "Analyst": "analyst",
    "Estimate": "analyst",
    "ExtractiveAnalyst": "extractive",
    "ModelAnalyst": "analyst",
    "ReportRow": "reports.row",
    "decode_analysis": "schemas",
    "encode_analysis": "schemas",
    "plain_text": "plain",
    "safe_text": "plain",
    "write_reports": "reports.writer",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
