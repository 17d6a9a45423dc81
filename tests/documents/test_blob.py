from __future__ import annotations

import gzip
import os
import pickle
import socket
from pathlib import Path

import pytest

from ai_catalyst.documents.blob import Blob, Limits, open_regular, printable
from ai_catalyst.errors import FileError


def refused(path: Path | str) -> FileError:
    with pytest.raises(FileError) as caught:
        open_regular(str(path), "the file")
    assert caught.value.path == "the file"
    return caught.value


def test_a_regular_file_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    handle, status = open_regular(str(path), "f")
    os.close(handle)
    assert status.st_size == 3


def test_what_is_no_file_is_refused_and_nothing_waits(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert refused(fifo).kind == "unsupported"
    assert refused("/dev/zero").kind == "unsupported"
    assert refused(tmp_path).kind == "unsupported"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        assert "socket" in str(refused(tmp_path / "socket"))


def test_a_missing_file_is_also_file_not_found(tmp_path: Path) -> None:
    error = refused(tmp_path / "none")
    assert isinstance(error, FileNotFoundError)
    assert error.kind == "missing"
    assert refused("nul\0name").kind == "missing"
    assert refused(tmp_path / "none" / "deeper").kind == "missing"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_also_a_permission_error(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    path.chmod(0)
    error = refused(path)
    assert isinstance(error, PermissionError)
    assert error.kind == "unreadable"


def test_a_permission_error_is_mapped_for_root_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    assert refused(tmp_path).kind == "unreadable"


def test_reading_is_capped_whatever_the_place(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 1000)
    for blob in (
        Blob("f", str(path)),
        Blob("f", data=b"x" * 1000),
        Blob("f", data=gzip.compress(b"x" * 1000), gzipped=True),
    ):
        assert len(blob.read(1000)) == 1000
        with pytest.raises(FileError) as caught:
            blob.read(999)
        assert caught.value.kind == "too_large"


def test_a_blob_travels_to_a_worker() -> None:
    blob = Blob("f.pdf", data=b"x", media_type="application/pdf", limits=Limits(item_bytes=7))
    assert pickle.loads(pickle.dumps(blob)) == blob
    assert "x" not in repr(blob).replace("media_type", "").replace("max", "").split("limits")[0][9:]


@pytest.mark.parametrize(
    ("name", "url", "expected"),
    [
        ("a/b.TXT", None, "txt"),
        ("b.json.gz", None, "json"),
        ("b.gz", None, ""),
        (".bashrc", None, ""),
        ("no", None, ""),
        ("x", "https://example.com/feed.xml?a=b.c#d.e", "xml"),
        ("x", "https://example.com/", ""),
    ],
)
def test_the_extension_is_that_of_the_name_or_url(
    name: str, url: str | None, expected: str
) -> None:
    assert Blob(name, url=url).extension == expected


def test_names_are_made_safe_to_show() -> None:
    assert printable("Grüße ☃.txt") == "Grüße ☃.txt"
    assert printable("a\x1b[31m\n.txt") == "a%1B[31m%0A.txt"
    assert printable(os.fsdecode(b"caf\xe9.txt")) == "caf%E9.txt"
    assert printable("\ud800").isprintable()
    for name in ("a\u202eb", "x\x7f", os.fsdecode(bytes(range(1, 256)))):
        printable(name).encode()
        assert printable(name).isprintable()
