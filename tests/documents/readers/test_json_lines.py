from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import bad, good, read, read_path

from ai_catalyst.documents.readers import json_lines
from ai_catalyst.documents.readers.json_lines import _blocks
from ai_catalyst.errors import FileError


def test_each_line_is_a_record_and_blank_lines_are_none() -> None:
    assert read("jsonl", b'{"a": 1}\n\n  \r\n{"a": 2}') == [{"a": 1}, {"a": 2}]


def test_a_broken_line_names_its_number_and_the_others_are_kept() -> None:
    found = read("jsonl", b'{"a": 1}\n\n{"a": \n{"a": 3}\nnull\n')
    assert good(found) == [{"a": 1}, {"a": 3}, {"value": None}]
    (error,) = bad(found)
    assert (error.line, error.path) == (3, "file")
    assert "line 3" in str(error)


def test_a_line_in_latin_1_among_others_is_read() -> None:
    assert read("jsonl", b'{"a": "caf\xe9"}\n{"a": "caf\xc3\xa9"}\n') == [{"a": "café"}] * 2


def test_utf16_lines_are_read() -> None:
    assert read("jsonl", '{"a": "ü"}\n{"a": "☃"}\n'.encode("utf-16")) == [{"a": "ü"}, {"a": "☃"}]


@given(
    st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=20),
    st.integers(1, 25),
    st.integers(5, 40),
)
def test_blocks_hold_every_line_once_and_none_over_the_cap(
    lines: list[bytes], size: int, cap: int
) -> None:
    data = b"\n".join(lines)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    number, seen = 0, {}
    for block, torn in _blocks(pieces, cap):
        if not torn:
            seen.update(enumerate(block.split(b"\n"), number))
            assert len(block) <= cap + 2 * size
        number += block.count(b"\n")
    assert number == data.count(b"\n")
    for place, line in enumerate(lines):
        assert seen.get(place, b"") == line or len(line) > cap


def test_a_line_over_the_cap_costs_itself_and_later_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": "' + b"x" * 900_000 + b'"}\n{"a": 3}\n')
    found = read_path("jsonl", path, item_bytes=200_000)
    assert good(found) == [{"a": 1}, {"a": 3}]
    (error,) = bad(found)
    assert (error.line, error.kind) == (2, "too_large")


class Endless:
    """A file of one line of a gigabyte, then an ordinary one; nothing of it is on a disk."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.tail = b'"}\n{"a": 2}\n'

    def __enter__(self) -> Endless:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, size: int) -> bytes:
        if self.left > 0:
            piece = b"x" * min(size, self.left)
            self.left -= len(piece)
            return piece
        piece, self.tail = self.tail[:size], self.tail[size:]
        return piece


def test_a_line_of_a_gigabyte_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    from ai_catalyst.documents.blob import Blob, Limits

    class Streamed(Blob):
        def open(self) -> Endless:  # type: ignore[override]
            return Endless(2**30)

    tracemalloc.start()
    found = list(json_lines.read_json_lines(Streamed("f", limits=Limits(item_bytes=4 * 2**20))))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found[0], FileError)
    assert found[0].line == 1
    assert found[1:] == [{"a": 2}]
    assert peak < 8 * 2**20


def test_a_big_block_is_decoded_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "AT_ONCE", 10)

    def refused(block: bytes) -> Iterator[object]:
        raise AssertionError("a call this long would hold the loop up")

    monkeypatch.setattr(json_lines, "_decode_lines", refused)
    assert read("jsonl", b'{"a": 1}\n{"a": 2}\n') == [{"a": 1}, {"a": 2}]
