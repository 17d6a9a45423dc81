from __future__ import annotations

import io
import struct
import zipfile

import pytest

from ai_catalyst.documents import archive
from ai_catalyst.documents.archive import open_archive, part_of
from ai_catalyst.documents.blob import Blob
from ai_catalyst.errors import FileError


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return out.getvalue()


def opened(data: bytes, name: str = "a.xml", cap: int = archive.MAX_PART) -> bytes | None:
    with open_archive(Blob("f", data=data)) as found:
        return part_of(found, name, cap)


def test_a_part_is_inflated_and_a_missing_one_is_none() -> None:
    assert opened(zipped({"a.xml": b"<a/>"})) == b"<a/>"
    assert opened(zipped({"b.xml": b""})) is None


def test_a_dense_archive_is_refused_before_anything_is_inflated() -> None:
    with pytest.raises(FileError, match="bomb") as caught:
        opened(zipped({"a.xml": bytes(40 * 2**20)}))
    assert caught.value.kind == "too_large"


def test_too_many_parts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 10)
    with pytest.raises(FileError, match="11 parts"):
        opened(zipped({f"{n}.xml": b"" for n in range(11)}))


def test_too_much_in_all_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_INFLATED", 1000)
    with pytest.raises(FileError, match="far more"):
        opened(zipped({"a.xml": bytes(600), "b.xml": bytes(600)}))


def test_a_part_over_its_cap_is_refused() -> None:
    with pytest.raises(FileError, match="larger than 10 bytes"):
        opened(zipped({"a.xml": b"x" * 11}), cap=10)


def test_an_archive_that_lies_about_a_size_inflates_no_further_than_it_says() -> None:
    data = bytearray(zipped({"a.xml": bytes(30 * 2**20)}))
    place = data.rfind(b"PK\x01\x02")
    struct.pack_into("<I", data, place + 24, 100)  # the declared size in the directory
    with pytest.raises(FileError, match="damaged"):
        opened(bytes(data))


def test_an_encrypted_part_says_so() -> None:
    data = bytearray(zipped({"a.xml": b"x"}))
    place = data.rfind(b"PK\x01\x02")
    data[place + 8] |= 1
    with pytest.raises(FileError) as caught:
        opened(bytes(data))
    assert caught.value.kind == "encrypted"


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"PK\x03\x04" + bytes(50), zipped({"a": b"x"})[:-5]],
    ids=["empty", "a start", "a header", "cut short"],
)
def test_what_is_no_archive_is_malformed(data: bytes) -> None:
    with pytest.raises(FileError):
        opened(data)
