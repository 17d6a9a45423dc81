from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

from reading import bad, good, read, read_path


def test_each_item_of_an_array_is_a_record() -> None:
    assert read("json", b'[{"a": 1}, {"a": 2}]') == [{"a": 1}, {"a": 2}]


def test_a_single_object_is_one_record_and_an_empty_array_none() -> None:
    assert read("json", b'{"a": [1, 2]}') == [{"a": [1, 2]}]
    assert read("json", b" [ ] ") == []


def test_values_that_are_no_objects_get_a_name() -> None:
    assert read("json", b'[1, "two", {"a": 3}]') == [{"value": 1}, {"value": "two"}, {"a": 3}]
    assert read("json", b"42") == [{"value": 42}]


def test_objects_one_after_another_are_records_though_spread_over_lines() -> None:
    assert read("json", b'{\n"a": 1\n}\n{\n"a": 2\n}') == [{"a": 1}, {"a": 2}]


def test_a_broken_item_names_its_line_and_the_others_are_kept() -> None:
    found = read("json", b'[{"a": 1},\n{"a": oops},\n{"a": 3}]')
    assert good(found) == [{"a": 1}, {"a": 3}]
    (error,) = bad(found)
    assert error.line == 2
    assert "line 2" in str(error)


def test_every_encoding_of_json_is_read() -> None:
    value = [{"name": "Zoë ☃"}]
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32"):
        assert read("json", json.dumps(value, ensure_ascii=False).encode(encoding)) == value


def test_a_long_array_is_streamed_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.json.gz"
    row = {"id": 1, "text": "x" * 500, "tags": ["a", {"b": [1, 2]}]}
    with gzip.open(path, "wt", compresslevel=1) as out:
        out.write("[\n" + ",\n".join([json.dumps(row)] * 40_000) + "\n]")
    from ai_catalyst.documents.blob import Blob
    from ai_catalyst.documents.readers.json_file import read_json

    tracemalloc.start()
    count = sum(item == row for item in read_json(Blob("f", str(path), gzipped=True)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 40_000
    assert peak < 6 * 2**20  # of 23 MB


def test_a_torn_gzip_keeps_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "torn.json.gz"
    import random

    noise = random.Random(1)
    rows = [{"n": noise.random()} for _ in range(20_000)]
    path.write_bytes(gzip.compress(json.dumps(rows).encode())[:-20_000])
    found = read_path("json", path, gzipped=True)
    assert len(good(found)) > 10_000
    assert good(found) == rows[: len(good(found))]
    assert "too early" in str(bad(found)[-1])
