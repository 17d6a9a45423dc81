from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import pytest

from ai_catalyst.documents import opening
from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.opening import digest_of, held, open_blob


def opened(path: Path, data: bytes) -> opening.Opened:
    path.write_bytes(data)
    return open_blob(Blob(path.name, str(path)))


def test_a_small_harmless_file_is_read_at_once(tmp_path: Path) -> None:
    found = opened(tmp_path / "f.json", b'[{"a": 1}]')
    assert found.found == [{"a": 1}]
    assert found.reader is not None
    assert found.reader.kind == "json"


def test_a_hostile_file_is_left_for_a_worker_with_its_bytes(tmp_path: Path) -> None:
    found = opened(tmp_path / "f.txt", b"%PDF-1.4 ...")
    assert found.found is None
    assert found.blob.data == b"%PDF-1.4 ..."


def test_a_large_file_is_left_to_be_streamed(tmp_path: Path) -> None:
    found = opened(tmp_path / "f.jsonl", b'{"a": 1}\n' * 50_000)
    assert (found.found, found.blob.data) == (None, None)


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    found = opened(tmp_path / "f.txt", b"")
    assert found.error is not None
    assert (found.error.kind, str(found.error)) == ("empty", "f.txt: is empty")


def test_gzip_is_known_by_content_and_small_ones_are_read_at_once(tmp_path: Path) -> None:
    found = opened(tmp_path / "f.jsonl", gzip.compress(b'{"a": 1}\n'))
    assert found.found == [{"a": 1}]
    assert opened(tmp_path / "f.csv.gz", gzip.compress(b"a,b\n1,2\n")).found == [
        {"a": "1", "b": "2"}
    ]


def test_a_small_gzip_that_grows_large_is_streamed(tmp_path: Path) -> None:
    found = opened(tmp_path / "f.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 100_000))
    assert found.found is None
    assert found.blob.gzipped
    assert found.reader is not None
    assert found.reader.kind == "jsonl"


def test_a_torn_gzip_is_left_to_its_reader(tmp_path: Path) -> None:
    noise = random.Random(1)
    lines = b"".join(b'{"n": %d}\n' % noise.randrange(10**9) for _ in range(500))
    found = opened(tmp_path / "f.jsonl.gz", gzip.compress(lines)[:-300])
    assert found.reader is not None
    assert found.reader.kind == "jsonl"
    assert found.blob.gzipped


def test_a_whole_format_over_its_limit_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    with path.open("wb") as file:
        file.write(b"some words\n")
        file.truncate(300 * 2**20)
    found = open_blob(Blob("f.txt", str(path)))
    assert found.error is not None
    assert found.error.kind in {"too_large", "unsupported"}


def test_a_file_that_shrinks_or_grows_meanwhile_is_read_as_far_as_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f.txt"
    real = os.fstat

    def later(size: int) -> None:
        def fstat(handle: int) -> os.stat_result:
            status = real(handle)
            path.write_bytes(b"x" * size)
            return status

        monkeypatch.setattr(os, "fstat", fstat)

    for size in (10, 200, 0):
        path.write_bytes(b"y" * 100)
        later(size)
        found = open_blob(Blob("f.txt", str(path)))
        monkeypatch.setattr(os, "fstat", real)
        if size:
            assert found.found is not None
            assert found.found[0]["text"] == "x" * min(size, 101)  # type: ignore[index]
        else:
            assert found.error is not None
            assert found.error.kind == "empty"


def test_a_file_that_vanishes_before_its_worker_reads_it_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "f.pdf"
    found = opened(path, b"%PDF-1.4" + bytes(opening.SMALL))
    path.unlink()
    with pytest.raises(FileNotFoundError):
        held(found.blob)


def test_only_small_bytes_are_sent_and_the_digest_is_of_the_raw_bytes(tmp_path: Path) -> None:
    path = tmp_path / "f.pdf"
    path.write_bytes(b"x" * (opening.HELD + 1))
    blob = Blob("f.pdf", str(path))
    assert held(blob).data is None
    path.write_bytes(b"x" * 10)
    by_path = digest_of(blob)
    assert held(blob).data == b"x" * 10
    assert digest_of(blob) == by_path
