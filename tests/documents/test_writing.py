from __future__ import annotations

import csv
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ai_catalyst.documents import FileProcessor
from ai_catalyst.errors import FileError, UserError
from ai_catalyst.model import Record

RECORDS = [
    Record({"a": 1, "b": 'x, "y"\nz'}, "s", 0),
    {"a": None, "c": [1, {"d": 2}]},
    {"b": "=1+1", "a": True},
]


async def written(path: Path, records: object) -> int:
    return await FileProcessor().write_async(path, records)  # type: ignore[arg-type]


async def test_jsonl_has_a_record_a_line(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    assert await written(path, RECORDS) == 3
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"a": 1, "b": 'x, "y"\nz'},
        {"a": None, "c": [1, {"d": 2}]},
        {"b": "=1+1", "a": True},
    ]


async def test_json_is_one_array_also_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    await written(path, RECORDS)
    assert len(json.loads(path.read_text())) == 3
    assert await written(path, []) == 0
    assert json.loads(path.read_text()) == []


async def test_csv_has_all_columns_in_the_order_they_occur(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    await written(path, RECORDS)
    with path.open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["a", "b", "c"],
            ["1", 'x, "y"\nz', ""],
            ["", "", '[1,{"d":2}]'],
            ["true", "=1+1", ""],
        ]


async def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    rows = [{"id": str(n), "text": f"line {n}\nnext"} for n in range(1500)]
    for name in ("f.csv", "f.jsonl", "f.json", "f.csv.gz", "f.jsonl.gz"):
        await written(tmp_path / name, rows)
        found = [item async for item in FileProcessor().process_file_async(tmp_path / name)]
        assert [dict(item.data) for item in found if isinstance(item, Record)] == rows, name


async def test_gzip_gives_the_same_bytes_for_the_same_records(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        await written(tmp_path / name, RECORDS)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()).count(b"\n") == 3


async def test_an_async_stream_is_written_as_it_comes(tmp_path: Path) -> None:
    async def stream() -> AsyncIterator[dict[str, int]]:
        for number in range(1200):
            yield {"n": number}

    assert await written(tmp_path / "f.jsonl", stream()) == 1200
    assert (tmp_path / "f.jsonl").read_text().count("\n") == 1200


async def test_an_error_among_the_records_is_written_as_one(tmp_path: Path) -> None:
    await written(tmp_path / "f.jsonl", [FileError("f, line 2: broken", path="f", line=2)])
    assert json.loads((tmp_path / "f.jsonl").read_text()) == {
        "error": "f, line 2: broken",
        "path": "f",
        "line": 2,
    }


async def test_odd_values_are_written_somehow(tmp_path: Path) -> None:
    odd = {"lone": "\ud800", "set": {1}, "path": Path("x"), "bytes": b"x", "nan": float("nan")}
    for name in ("f.jsonl", "f.csv", "f.json"):
        await written(tmp_path / name, [odd, {1: "number as a key"}])
        (tmp_path / name).read_text()


@pytest.mark.parametrize("name", ["f.csv", "f.json", "f.jsonl.gz"])
async def test_a_failure_midway_leaves_the_old_file_and_no_trace(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("old")

    async def failing() -> AsyncIterator[dict[str, int]]:
        for number in range(600):
            yield {"n": number}
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        await written(path, failing())
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


async def test_a_name_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="jsonl"):
        await written(tmp_path / "f.xml", [])


async def test_a_missing_folder_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        await written(tmp_path / "no" / "f.csv", [])
