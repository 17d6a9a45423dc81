"""XLSX: typed numbers and dates, text that stays text, line items on sheets of their own."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from ai_catalyst.errors import UserError
from ai_catalyst.pdf.export_cells import is_table, text_of, typed

if TYPE_CHECKING:
    from ai_catalyst.pdf.export import Sheet

__all__ = ["write_xlsx"]

MOST_ROWS = 1_048_576
_NOT_IN_TITLE = re.compile(r"[\[\]:*?/\\\x00-\x1f']+")
_WIDEST = 60


def write_xlsx(sheet: Sheet, out: IO[bytes]) -> None:
    """Write a workbook: one row a document, and a sheet for each field that holds a table.

    A text that looks like a formula is stored as text and marked so (``quotePrefix``), which keeps
    it text when somebody edits the cell. Raises `UserError` for more rows than a sheet holds, and
    `OSError` when the temporary folder, in which a workbook is built, is full.
    """
    if len(sheet.results) >= MOST_ROWS:
        raise UserError(f"an XLSX sheet holds {MOST_ROWS} rows: write .csv or .json instead")
    try:
        _write(sheet, out)
    except Exception as error:
        if type(error).__name__ == "SerialisationError":  # lxml's own, where lxml is installed
            raise OSError(errno.ENOSPC, "no room in the temporary folder") from error
        raise


def _write(sheet: Sheet, out: IO[bytes]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    titles = {"documents"}
    _fill(book.create_sheet("Documents"), sheet.header, sheet.rows())
    for name in sheet.fields:
        items = list(_items(sheet, name))
        if items:
            columns = list(dict.fromkeys(key for _, row in items for key in row))
            rows = ([file, *(row.get(key) for key in columns)] for file, row in items)
            header = ["file", *map(str, columns)]
            _fill(book.create_sheet(_title(name, titles)), header, rows)
    book.save(out)


def _items(sheet: Sheet, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for result in sheet.results:
        value: Any = result.data.get(name)
        if is_table(value):
            for row in value:
                yield result.file_name, row


def _title(name: str, taken: set[str]) -> str:
    """Return a title that a workbook allows, 31 characters at most, used once."""
    base = _NOT_IN_TITLE.sub(" ", name).strip()[:27] or "items"
    title, number = base, 2
    while title.lower() in taken:
        title, number = f"{base} {number}", number + 1
    taken.add(title.lower())
    return title


def _fill(page: Any, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    kept = list(rows)
    for index, name in enumerate(header):
        longest = max([len(name), *(len(_shown(row[index])) for row in kept[:200])])
        page.column_dimensions[get_column_letter(index + 1)].width = min(longest + 2, _WIDEST)
    page.freeze_panes = "A2"
    page.auto_filter.ref = f"A1:{get_column_letter(len(header))}{len(kept) + 1}"
    head = [_cell(page, name) for name in header]
    for cell in head:
        if cell is not None:
            cell.font = Font(bold=True)
    page.append(head)
    for row in kept:
        page.append([_cell(page, value) for value in row])


def _shown(value: Any) -> str:
    return f"{len(value)} rows" if is_table(value) else text_of(value)[: _WIDEST + 1]


def _cell(page: Any, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if value is None or value == "":
        return None
    if is_table(value):
        value = f"{len(value)} rows"
    content, shape = typed(value)
    cell = WriteOnlyCell(page, content)
    if shape is not None:
        cell.number_format = shape
        return cell
    cell.data_type = "s"  # never "f", whatever it begins with
    if content[:1] in set("=+-@＝＋－＠"):
        cell.quotePrefix = True
    return cell
