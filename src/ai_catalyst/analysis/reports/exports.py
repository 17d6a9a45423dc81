"""The exports for other programs: JSON for all there is, CSV for a spreadsheet."""

from __future__ import annotations

import csv
from typing import Any

import msgspec

from ai_catalyst.analysis.reports.escape import csv_cell, json_text
from ai_catalyst.analysis.reports.phrases import personal_note
from ai_catalyst.analysis.reports.row import ReportRow
from ai_catalyst.analysis.reports.spool import Output, Spools
from ai_catalyst.analysis.reports.statistics import Statistics
from ai_catalyst.analysis.schemas import ENTITY_KINDS, Analysis

__all__ = ["COLUMNS", "CsvExport", "JsonExport"]


class JsonExport:
    """``articles_export.json``: an array with one object a line, in source order."""

    file_name = "articles_export.json"

    def __init__(self, out: Output, spools: Spools) -> None:
        """Write to `out` as rows come; nothing is kept."""
        self._out = out
        self._before = "[\n"

    def add(self, row: ReportRow) -> None:
        """Take one source, in order."""
        self._out.write(self._before + msgspec.json.encode(_object(row)).decode())
        self._before = ",\n"

    def finish(self, statistics: Statistics) -> None:
        """Close the array."""
        self._out.write("[]\n" if self._before == "[\n" else "\n]\n")


def _object(row: ReportRow) -> Any:
    return _cleaned(
        {
            "position": row.position,
            "title": row.title,
            "url": row.uri,
            "kind": row.kind,
            "author": row.author,
            "date": row.date,
            "language": row.language,
            "pages": row.pages,
            "words": row.words,
            "personal": dict(sorted(row.personal.items())),
            "success": row.analysis is not None,
            "error": row.error,
            "like": row.like,
            "references": [{"title": title, "url": url} for title, url in row.references],
            "analysis": row.analysis.to_dict() if row.analysis else None,
        }
    )


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return json_text(value)
    if isinstance(value, dict):
        return {json_text(key): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value


COLUMNS = (
    "position",
    "success",
    "title",
    "url",
    "kind",
    "author",
    "date",
    "language",
    "pages",
    "words",
    "method",
    "confidence",
    "partial",
    "summary",
    "key_points",
    "topics",
    *ENTITY_KINDS,
    "personal",
    "error",
)


class CsvExport:
    """``articles_export.csv``: a header and one line a source; lists are joined by `` | ``."""

    file_name = "articles_export.csv"

    def __init__(self, out: Output, spools: Spools) -> None:
        """Write to `out` as rows come; nothing is kept."""
        self._csv = csv.writer(out, lineterminator="\n")
        self._csv.writerow(COLUMNS)

    def add(self, row: ReportRow) -> None:
        """Take one source, in order."""
        analysis = row.analysis or Analysis(method="")
        entities = [_joined(analysis.entities.get(kind, [])) for kind in ENTITY_KINDS]
        cells = (
            str(row.position),
            "true" if row.analysis else "false",
            *(row.title, row.uri, row.kind, row.author, row.date),
            row.language or analysis.language,
            *(str(row.pages), str(row.words), analysis.method),
            f"{analysis.confidence:g}" if row.analysis else "",
            ("true" if analysis.partial else "false") if row.analysis else "",
            analysis.summary,
            *(_joined(analysis.key_points), _joined(analysis.topics)),
            *entities,
            personal_note(row),
            row.error or "",
        )
        self._csv.writerow([csv_cell(cell) for cell in cells])

    def finish(self, statistics: Statistics) -> None:
        """Nothing is left to write."""


def _joined(items: list[str]) -> str:
    return " | ".join(item.replace(" | ", " / ") for item in items)
