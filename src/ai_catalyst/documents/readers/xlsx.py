"""Excel workbooks: a record a row of every sheet, streamed; formulas by their last value."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.archive import open_archive
from ai_catalyst.documents.csv_rows import header_of, unique_names
from ai_catalyst.documents.readers.registry import Data, Reader, Sample
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator, Sequence

    from ai_catalyst.documents.blob import Blob

__all__ = ["READERS", "read_xlsx"]

MAX_ROWS = 1_048_576
_LOOK_AHEAD = 16


def read_xlsx(blob: Blob) -> Iterator[Data | FileError]:
    """Yield a mapping of column to value for each row that is not empty, sheet by sheet.

    The first row with cells names the columns when it looks like names, else they are ``column_1``
    and so on. Dates become ISO text. In a workbook of several sheets each row has ``_sheet``.
    """
    with open_archive(blob) as archive:
        _refuse_entities(archive)
        yield from _sheets(archive)


def _sheets(archive: zipfile.ZipFile) -> Iterator[Data | FileError]:
    import openpyxl

    assert archive.fp is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions that it does not know
        try:
            book = openpyxl.load_workbook(archive.fp, read_only=True, data_only=True)
        except (KeyError, ValueError, TypeError, AttributeError, SyntaxError) as error:
            raise FileError("is a broken Excel workbook, or none") from error
        sheets = book.worksheets
        for sheet in sheets:
            sheet.reset_dimensions()  # what a file says of its size is not to be relied on
            rows = _rows(sheet)
            for row in _records(rows):
                if isinstance(row, dict) and len(sheets) > 1:
                    row["_sheet"] = sheet.title
                yield row


def _rows(sheet: Any) -> Iterator[list[Any] | FileError]:
    try:
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if number > MAX_ROWS:
                yield FileError(f"sheet {sheet.title!r} claims more rows than a sheet can have")
                return
            values = [_plain(value) for value in row]
            while values and values[-1] is None:
                values.pop()
            if values:
                yield values
    except (KeyError, ValueError, TypeError, AttributeError, SyntaxError, IndexError) as error:
        failure = FileError(f"sheet {sheet.title!r} is broken")
        failure.__cause__ = error
        yield failure


def _plain(value: Any) -> Any:
    """Return a cell as plain JSON."""
    if value is None or isinstance(value, (str, int, float)):
        return value if value != "" else None
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat()
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)


def _records(rows: Iterator[list[Any] | FileError]) -> Iterator[dict[str, Any] | FileError]:
    first: list[list[Any] | FileError] = []
    for row in rows:
        first.append(row)
        if len(first) >= _LOOK_AHEAD:
            break
    tables = [row for row in first if isinstance(row, list)]
    if not tables:
        yield from (row for row in first if isinstance(row, FileError))
        return
    names, header = _names(tables)
    for row in _chain(first, rows):
        if row is header:
            continue
        yield row if isinstance(row, FileError) else _record(names, row)


def _chain(
    first: list[list[Any] | FileError], rest: Iterator[list[Any] | FileError]
) -> Iterator[list[Any] | FileError]:
    yield from first
    yield from rest


def _names(tables: Sequence[list[Any]]) -> tuple[list[str], list[Any] | None]:
    """Return the columns' names, and the row they come from."""
    width = max(map(len, tables))
    header = tables[0]
    body = [[_word(cell) for cell in row] for row in tables[1:]]
    textual = all(cell is None or isinstance(cell, str) for cell in header)
    if textual and header_of([_word(cell) for cell in header], body):
        padded = [_word(cell) for cell in header] + [""] * (width - len(header))
        return list(unique_names(padded)), header
    return list(unique_names([""] * width)), None


def _word(cell: Any) -> str:
    return "" if cell is None else str(cell)


def _record(names: list[str], row: list[Any]) -> dict[str, Any]:
    while len(names) < len(row):
        names.append(f"column_{len(names) + 1}")
    return dict(zip(names, row + [None] * (len(names) - len(row)), strict=True))


def _refuse_entities(archive: zipfile.ZipFile) -> None:
    """Refuse a workbook whose XML defines entities: none does that a person made."""
    for entry in archive.infolist():
        if entry.filename.startswith("xl/") and entry.filename.endswith(".xml"):
            with archive.open(entry) as file:
                start = file.read(4096)
            if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
                raise FileError("defines XML entities, as no workbook does")


def sniff_xlsx(sample: Sample) -> int:
    """Know a workbook by the names of its parts."""
    if not sample.head.startswith(b"PK\x03\x04"):
        return 0
    return 90 if b"xl/workbook.xml" in sample.tail or b"xl/workbook.xml" in sample.head else 0


READERS = (
    Reader(
        "xlsx",
        read_xlsx,
        extensions=("xlsx", "xlsm", "xltx"),
        media_types=("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",),
        sniff=sniff_xlsx,
        starts=b"p",
        hostile=True,
        shape="table",
    ),
)
