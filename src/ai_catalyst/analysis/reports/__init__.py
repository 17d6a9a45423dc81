"""Reports: from rows to files that are whole, reproducible and safe to open."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.analysis.reports.row import ReportRow
    from ai_catalyst.analysis.reports.statistics import Statistics
    from ai_catalyst.analysis.reports.writer import REPORTS, write_reports

__all__ = ["REPORTS", "ReportRow", "Statistics", "write_reports"]

_HOMES = {
    "REPORTS": "writer",
    "ReportRow": "row",
    "Statistics": "statistics",
    "write_reports": "writer",
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
