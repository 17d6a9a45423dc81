from __future__ import annotations

import csv
import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from reading import bad, good, read, read_path

from ai_catalyst.documents.csv_rows import Torn
from ai_catalyst.documents.readers.csv_file import _blocks


def test_rows_are_keyed_by_the_header() -> None:
    assert read("csv", b"id,name\n1,Ann\n2,Bob\n") == [
        {"id": "1", "name": "Ann"},
        {"id": "2", "name": "Bob"},
    ]


def test_a_table_without_a_header_has_numbered_columns() -> None:
    assert read("csv", b"1,2\n3,4\n")[0] == {"column_1": "1", "column_2": "2"}


def test_delimiter_encoding_and_line_ends_are_found_out() -> None:
    data = "Größe;Preis\r\n3,5;7,20\r\n4,5;8,20\r\n".encode("cp1252")
    assert read("csv", data)[0] == {"Größe": "3,5", "Preis": "7,20"}
    assert read("csv", b"a,b\r1,2\r")[0] == {"a": "1", "b": "2"}
    assert read("csv", "a,b\n1,ü\n".encode("utf-16"))[0] == {"a": "1", "b": "ü"}
    assert read("tsv", b"a\tb\n1\tx, y\n")[0] == {"a": "1", "b": "x, y"}


def test_a_ragged_row_is_an_error_with_its_line_and_the_others_are_kept() -> None:
    found = read("csv", b"a,b\n1,2\n3\n4,5,6\n7,8\n")
    assert good(found) == [{"a": "1", "b": "2"}, {"a": "7", "b": "8"}]
    assert [error.line for error in bad(found)] == [3, 4]
    assert "line 3: the row has 1 cell where 2 are expected" in str(bad(found)[0])


def test_a_header_alone_is_no_record() -> None:
    assert read("csv", b"a,b\n") == []


def test_cells_may_hold_odd_line_separators() -> None:
    assert read("csv", "a,b\n1,x\u2028y\x0bz\n".encode()) == [{"a": "1", "b": "x\u2028y\x0bz"}]


def test_a_long_table_is_the_same_streamed(tmp_path: Path) -> None:
    out = io.StringIO()
    table = [{"id": str(n), "text": f"line\none, {n}"} for n in range(30_000)]
    writer = csv.DictWriter(out, ["id", "text"])
    writer.writeheader()
    writer.writerows(table)
    path = tmp_path / "f.csv"
    path.write_text(out.getvalue())
    assert read_path("csv", path) == table


def test_a_line_over_the_cap_costs_itself(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("a,b\n1,2\n3," + "x" * 400_000 + "\n5,6\n")
    found = read_path("csv", path, item_bytes=100_000)
    assert good(found) == [{"a": "1", "b": "2"}, {"a": "5", "b": "6"}]
    assert [(error.line, error.kind) for error in bad(found)] == [(3, "too_large")]


@given(st.text("ab\n", max_size=200), st.integers(1, 20))
def test_blocks_hold_every_line_wherever_the_pieces_end(text: str, size: int) -> None:
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    lines = [line for block in _blocks(pieces, 10**6) for line in block]
    assert "".join(lines) == text
    assert all(line.endswith("\n") for line in lines[:-1])
    assert not any(isinstance(line, Torn) for line in lines)


def test_nul_bytes_are_dropped() -> None:
    assert read("csv", b"a,b\n1,\x002\n") == [{"a": "1", "b": "2"}]
