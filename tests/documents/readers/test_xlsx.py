from __future__ import annotations

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
from reading import bad, good, read

from ai_catalyst.errors import FileError


def book(**sheets: list[list[object]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def patched(data: bytes, part: str, old: bytes, new: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == part:
                content = content.replace(b" />", b"/>")
                assert old in content
                content = content.replace(old, new)
            target.writestr(entry, content)
    return out.getvalue()


def test_rows_are_keyed_by_the_header_and_keep_their_types() -> None:
    rows = [["id", "name", "price", "since"], [1, "Ann", 2.5, dt.datetime(2024, 3, 5)]]
    assert read("xlsx", book(One=rows)) == [
        {"id": 1, "name": "Ann", "price": 2.5, "since": "2024-03-05"}
    ]


def test_every_sheet_is_read_and_named() -> None:
    found = read("xlsx", book(One=[["a"], [1]], Two=[["b"], [2], [3]]))
    assert found == [
        {"a": 1, "_sheet": "One"},
        {"b": 2, "_sheet": "Two"},
        {"b": 3, "_sheet": "Two"},
    ]


def test_rows_that_are_empty_short_or_long_are_no_trouble() -> None:
    rows = [["a", "b"], [], [1], [1, 2, 3], [None, None], [4, 5]]
    assert read("xlsx", book(S=rows)) == [
        {"a": 1, "b": None, "column_3": None},
        {"a": 1, "b": 2, "column_3": 3},
        {"a": 4, "b": 5, "column_3": None},
    ]


def test_a_sheet_without_a_header_has_numbered_columns() -> None:
    assert read("xlsx", book(S=[[1, 2], [3, 4]]))[1] == {"column_1": 3, "column_2": 4}


def test_a_formula_gives_its_last_value() -> None:
    data = book(S=[["a", "b"], [1, "=A2+1"]])
    part = "xl/worksheets/sheet1.xml"
    cached = patched(data, part, b"<f>A2+1</f><v></v>", b"<f>A2+1</f><v>2</v>")
    assert read("xlsx", cached) == [{"a": 1, "b": 2}]


def test_a_sheet_that_lies_about_its_size_is_read_by_its_rows() -> None:
    data = book(S=[["a", "b"], [1, 2]])
    part = "xl/worksheets/sheet1.xml"
    lied = patched(data, part, b'<dimension ref="A1:B2"/>', b'<dimension ref="A1:XFD1048576"/>')
    assert read("xlsx", lied) == [{"a": 1, "b": 2}]


def test_a_row_number_beyond_the_sheet_ends_it_with_an_error() -> None:
    data = book(S=[["a"], [1], [2]])
    part = "xl/worksheets/sheet1.xml"
    lied = patched(data, part, b'<row r="3"', b'<row r="99999999"').replace(b'r="A3"', b'r="A3"')
    found = read("xlsx", lied)
    assert good(found) == [{"a": 1}]
    assert "more rows" in str(bad(found)[0])


def test_xml_entities_are_refused() -> None:
    data = patched(
        book(S=[["a"], [1]]),
        "xl/worksheets/sheet1.xml",
        b"<worksheet",
        b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet',
    )
    (error,) = read("xlsx", data)
    assert "entities" in str(error)


@pytest.mark.parametrize("data", [b"words", book(S=[["a"]])[:1000]])
def test_what_is_broken_is_malformed(data: bytes) -> None:
    (error,) = read("xlsx", data)
    assert isinstance(error, FileError)


def test_a_broken_sheet_costs_itself() -> None:
    data = book(One=[["a"], [1]], Two=[["b"], [2]])
    broken = patched(data, "xl/worksheets/sheet1.xml", b"</sheetData>", b"</sheetDat")
    found = read("xlsx", broken)
    assert good(found)[-1] == {"b": 2, "_sheet": "Two"}
    assert len(bad(found)) == 1
