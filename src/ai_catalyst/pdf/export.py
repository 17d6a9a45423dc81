"""Results as a file for other programs: CSV, JSON or XLSX, one row a document, whole or not at all.

Whatever a document says comes out as text or as a typed value, never as a formula that runs.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec

from ai_catalyst.analysis.reports.escape import csv_cell, json_text
from ai_catalyst.errors import UserError
from ai_catalyst.io.files import AtomicWriter, unusable
from ai_catalyst.pdf.export_cells import text_of
from ai_catalyst.pdf.model import Evidence
from ai_catalyst.pdf.repository_values import plain
from ai_catalyst.pdf.schema import Schema

__all__ = ["FORMATS", "Exportable", "Sheet", "results_bytes", "write_results"]

FORMATS = ("csv", "json", "xlsx")
_CENT = Decimal("0.01")
_EVIDENCE = ("page", "quote", "confidence", "source")


class Exportable(Protocol):
    """What a row is made of: a `BatchResult`, or anything with these of its attributes."""

    @property
    def file_name(self) -> str:
        """The name of the file."""
        ...

    @property
    def data(self) -> Mapping[str, Any]:
        """Field and value."""
        ...


@dataclass(frozen=True, slots=True)
class Sheet:
    """Results with the columns they have: ``file, outcome``, the fields, ``pages, error``.

    With ``evidence`` each field is followed by its page, quote, confidence and source.
    """

    results: Sequence[Exportable]
    fields: tuple[str, ...]
    evidence: bool = False
    amounts: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        results: Iterable[Exportable],
        fields: Schema | Iterable[str] | None = None,
        evidence: bool = False,
    ) -> Sheet:
        """Take the fields that were asked for first, then those that results have beyond them."""
        rows = list(results)
        asked = fields.fields if isinstance(fields, Schema) else ()
        names = dict.fromkeys(fields.names if isinstance(fields, Schema) else fields or ())
        for row in rows:
            names.update(dict.fromkeys(row.data))
        amounts = frozenset(field.name for field in asked if field.type == "amount")
        return cls(rows, tuple(names), evidence, amounts)

    @property
    def header(self) -> list[str]:
        """The names of the columns, each once."""
        columns = ["file", "outcome"]
        for name in self.fields:
            shown = f"{name} (field)" if name in {"file", "outcome", "pages", "error"} else name
            columns.append(shown)
            if self.evidence:
                columns += [f"{shown} {part}" for part in _EVIDENCE]
        return [*columns, "pages", "error"]

    def rows(self) -> Iterator[list[Any]]:
        """Yield each row's values, as the results hold them."""
        for result in self.results:
            cells: list[Any] = [result.file_name, getattr(result, "outcome", "")]
            evidence = getattr(result, "evidence", None) or {}
            for name in self.fields:
                cells.append(self._value(name, result.data.get(name)))
                if self.evidence:
                    cells += _evidence_cells(evidence.get(name))
            yield [*cells, getattr(result, "pages", None), getattr(result, "error", None)]

    def _value(self, name: str, value: Any) -> Any:
        """Return an amount with its two places, as money has them; others as they are."""
        if name in self.amounts and isinstance(value, float) and abs(value) < 1e13:
            exact = Decimal(str(value))
            places = exact.as_tuple().exponent
            return exact.quantize(_CENT) if isinstance(places, int) and places >= -2 else exact
        return value


def write_results(
    path: str | os.PathLike[str],
    results: Iterable[Exportable],
    *,
    fields: Schema | Iterable[str] | None = None,
    evidence: bool = False,
) -> int:
    """Write results in the format that ``path`` ends with; returns how many rows there are.

    The file appears whole or not at all. ``fields`` gives the order of the columns: names, or a
    `Schema`, which knows what is money; ``evidence`` adds where each value stands (JSON always has
    it). Raises `UserError` for another ending and `FileError` when the file cannot be written.
    """
    kind = Path(path).suffix.lower().lstrip(".")
    sheet = Sheet.of(results, fields, evidence)
    write = _writer(kind, str(os.fspath(path)))
    with AtomicWriter(path) as out:
        buffer = io.BytesIO()
        try:
            write(sheet, buffer)
        except OSError as error:  # a workbook is built in temporary files
            raise unusable("write", path, error) from error
        out.write(buffer.getbuffer())
    return len(sheet.results)


def results_bytes(
    results: Iterable[Exportable],
    format: str,  # noqa: A002 - the word for it
    *,
    fields: Schema | Iterable[str] | None = None,
    evidence: bool = False,
) -> bytes:
    """Return what `write_results` would write; ``format`` is ``csv``, ``json`` or ``xlsx``."""
    buffer = io.BytesIO()
    _writer(format.lower(), format)(Sheet.of(results, fields, evidence), buffer)
    return buffer.getvalue()


class _Write(Protocol):
    def __call__(self, sheet: Sheet, out: IO[bytes]) -> None: ...


def _writer(kind: str, given: str) -> _Write:
    if kind == "xlsx":
        from ai_catalyst.pdf.export_xlsx import write_xlsx  # openpyxl takes a while to import

        return write_xlsx
    if kind not in FORMATS:
        raise UserError(f"results are written as .csv, .json or .xlsx, not as {given!r}")
    return _write_csv if kind == "csv" else _write_json


def _write_csv(sheet: Sheet, out: IO[bytes]) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([csv_cell(name) for name in sheet.header])
    for row in sheet.rows():
        rows.writerow([csv_cell(text_of(value)) for value in row])
    text.flush()
    text.detach()


def _write_json(sheet: Sheet, out: IO[bytes]) -> None:
    before = b"[\n"
    for result in sheet.results:
        out.write(before + msgspec.json.encode(_clean(_object(result, sheet.fields))))
        before = b",\n"
    out.write(b"[]\n" if before == b"[\n" else b"\n]\n")


def _object(result: Exportable, fields: Sequence[str]) -> dict[str, Any]:
    evidence: Mapping[str, Evidence] = getattr(result, "evidence", None) or {}
    return {
        "file": result.file_name,
        "success": getattr(result, "success", None),
        "outcome": getattr(result, "outcome", None),
        "method": getattr(result, "method", None),
        "pages": getattr(result, "pages", None),
        "error": getattr(result, "error", None),
        "data": {name: plain(result.data.get(name)) for name in fields},
        "evidence": {name: plain(_named(Evidence(*found))) for name, found in evidence.items()},
    }


def _named(evidence: Evidence) -> dict[str, Any]:
    return evidence._asdict()


def _evidence_cells(evidence: Evidence | None) -> list[Any]:
    if evidence is None:
        return [None] * len(_EVIDENCE)
    page, quote, _, confidence, source = evidence
    return [page, quote, None if confidence is None else round(confidence, 3), source]


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return json_text(value)
    if isinstance(value, float) and value - value != 0:
        return str(value)
    if isinstance(value, dict):
        return {json_text(key): _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value
