"""Exports: one row a document, typed where a spreadsheet can be trusted, and never a formula."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from ai_catalyst.errors import FileError, UserError
from ai_catalyst.pdf.export import FORMATS, results_bytes, write_results
from ai_catalyst.pdf.model import Evidence
from ai_catalyst.pdf.result import BatchResult
from ai_catalyst.pdf.schema import Schema

GOOD = BatchResult(
    "in/a.pdf",
    True,
    {
        "number": "0012",
        "date": dt.date(2026, 3, 1),
        "due": "2026-03-31",
        "total": Decimal("1234.50"),
        "tags": ["a", "b | c"],
        "items": [{"text": "Pear", "price": Decimal("2.5")}, {"text": "Fig", "count": 3}],
    },
    pages=2,
    evidence={"number": Evidence(1, "Nr. 0012", (1.0, 2.0, 3.0, 4.0), 0.987654, "label")},
)
BAD = BatchResult("in/b.pdf", error="is a broken PDF file", outcome="MALFORMED")
EVIL = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "＝1", ' "=1', "a;=1+1", "|calc"]


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"))))


def sheet(data: bytes, name: str = "Documents") -> list[tuple]:
    return list(load_workbook(io.BytesIO(data))[name].iter_rows())


def test_csv_has_a_row_a_document_and_its_fields_as_columns() -> None:
    rows = table(results_bytes([GOOD, BAD], "csv"))
    assert [row["file"] for row in rows] == ["in/a.pdf", "in/b.pdf"]
    assert rows[0]["number"] == "0012"
    assert rows[0]["date"] == "2026-03-01"
    assert rows[0]["total"] == "1234.50"
    assert rows[0]["tags"] == "a | b / c"
    assert json.loads(rows[0]["items"])[0] == {"text": "Pear", "price": 2.5}
    assert (rows[1]["outcome"], rows[1]["error"]) == ("MALFORMED", "is a broken PDF file")
    assert rows[1]["number"] == ""


def test_columns_come_in_the_order_asked_for_also_when_nothing_was_found() -> None:
    rows = table(results_bytes([BAD], "csv", fields=["total", "number"]))
    assert list(rows[0]) == ["file", "outcome", "total", "number", "pages", "error"]


def test_evidence_columns_follow_their_field_when_wanted() -> None:
    (row,) = table(results_bytes([GOOD], "csv", evidence=True))
    assert row["number page"] == "1"
    assert row["number quote"] == "Nr. 0012"
    assert row["number confidence"] == "0.988"
    assert row["total page"] == ""
    assert "number page" not in table(results_bytes([GOOD], "csv"))[0]


def test_a_field_named_like_our_columns_keeps_its_own() -> None:
    odd = BatchResult("a.pdf", True, {"file": "theirs", "error": "E1"})
    (row,) = table(results_bytes([odd], "csv"))
    assert (row["file"], row["file (field)"], row["error (field)"]) == ("a.pdf", "theirs", "E1")


def test_json_has_everything_with_evidence() -> None:
    first, second = json.loads(results_bytes([GOOD, BAD], "json"))
    assert first["data"]["total"] == 1234.5
    assert first["evidence"]["number"] == {
        "page": 1,
        "quote": "Nr. 0012",
        "box": [1.0, 2.0, 3.0, 4.0],
        "confidence": 0.987654,
        "source": "label",
    }
    assert second["success"] is False
    assert json.loads(results_bytes([], "json")) == []


def test_xlsx_has_typed_numbers_and_dates_and_keeps_leading_zeros() -> None:
    data = results_bytes([GOOD, BAD], "xlsx")
    header, row, bad = sheet(data)
    cells = {name.value: cell for name, cell in zip(header, row, strict=True)}
    assert cells["number"].value == "0012"
    assert cells["date"].value == dt.datetime(2026, 3, 1)
    assert cells["due"].value == dt.datetime(2026, 3, 31)
    assert (cells["total"].value, cells["total"].number_format) == (1234.5, "0.00")
    assert cells["items"].value == "2 rows"
    assert bad[1].value == "MALFORMED"
    assert header[0].font.bold


def test_xlsx_puts_line_items_on_a_sheet_of_their_own() -> None:
    rows = sheet(results_bytes([GOOD], "xlsx"), "items")
    values = [tuple(cell.value for cell in row) for row in rows]
    assert values == [
        ("file", "text", "price", "count"),
        ("in/a.pdf", "Pear", 2.5, None),
        ("in/a.pdf", "Fig", None, 3),
    ]


def test_sheet_titles_are_legal_and_unique() -> None:
    rows = [{"x": 1}]
    odd = {"Documents": rows, "a/b[1]": rows, "a b 1": rows, "n" * 60: rows, "": rows}
    book = load_workbook(io.BytesIO(results_bytes([BatchResult("a", True, odd)], "xlsx")))
    assert len(set(map(str.lower, book.sheetnames))) == 6


def test_numbers_that_a_spreadsheet_would_change_stay_text() -> None:
    numbers = {"iban": 12345678901234567890, "nan": float("nan"), "old": dt.date(1850, 1, 1)}
    _, row = sheet(results_bytes([BatchResult("a", True, numbers)], "xlsx"))
    assert [cell.value for cell in row[2:5]] == ["12345678901234567890", "nan", "1850-01-01"]


@pytest.mark.parametrize("text", EVIL)
def test_formulas_are_defused(text: str) -> None:
    result = BatchResult(text, True, {text: text}, error=text, evidence={text: Evidence(1, text, None, 1.0, text)})  # fmt: skip # noqa: E501
    for row in csv.reader(io.StringIO(results_bytes([result], "csv", evidence=True).decode())):
        for cell in row:
            assert not cell.lstrip(" \t\"'")[:1] or cell[0] == "'" or cell[0] not in "=+-@\t|＝"
            assert ";=" not in cell
    for line in sheet(results_bytes([result], "xlsx", evidence=True)):
        for cell in line:
            assert cell.data_type != "f"


@given(st.lists(st.text(max_size=30), max_size=4))
def test_any_text_survives_every_format_as_text(texts: list[str]) -> None:
    result = BatchResult("a.pdf", True, {f"f{n}": text for n, text in enumerate(texts)})
    rows = table(results_bytes([result], "csv"))
    assert len(rows) == 1
    assert len(json.loads(results_bytes([result], "json"))) == 1
    for line in sheet(results_bytes([result], "xlsx")):
        assert not [cell for cell in line if cell.data_type == "f"]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_is_written_whole(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"results.{kind.upper()}"
    assert write_results(path, [GOOD, BAD]) == 2
    assert len(list(tmp_path.iterdir())) == 1
    if kind != "xlsx":  # which holds the time it was written
        assert path.read_bytes() == results_bytes([GOOD, BAD], kind)


def test_another_ending_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for name in ("results.xls", "results"):
        with pytest.raises(UserError, match=r"\.csv, \.json or \.xlsx"):
            write_results(tmp_path / name, [GOOD])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_does_not_fit_is_a_file_error_and_leaves_the_old_one(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / f"results.{kind}"
    path.write_text("old")
    program = (
        "import resource, sys\n"
        "from ai_catalyst.errors import FileError\n"
        "from ai_catalyst.pdf.export import write_results\n"
        "from ai_catalyst.pdf.result import BatchResult\n"
        "rows = [BatchResult(f'{n}', True, {'a': str(n) * 50}) for n in range(2000)]\n"
        "write_results(sys.argv[1] + '.warm.' + sys.argv[2], rows[:1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    write_results(sys.argv[1], rows)\n"
        "except FileError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), kind], capture_output=True, text=True
    )
    assert f"results.{kind}" in done.stdout, done.stderr
    assert path.read_text() == "old"
    assert not list(tmp_path.glob(".catalyst-*"))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="missing"):
        write_results(tmp_path / "missing" / "a.csv", [GOOD])


def test_a_schema_knows_which_numbers_are_money() -> None:
    schema = Schema.of({"total": "amount", "rate": "number"})
    result = BatchResult("a", True, {"total": 89.9, "rate": 0.5})
    _, row = sheet(results_bytes([result], "xlsx", fields=schema))
    assert (row[2].value, row[2].number_format) == (89.9, "0.00")
    assert (row[3].value, row[3].number_format) == (0.5, "General")
    assert table(results_bytes([result], "csv", fields=schema))[0]["total"] == "89.90"
