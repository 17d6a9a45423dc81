from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from pdf_files import pages

from ai_catalyst.errors import FileError, UserError
from ai_catalyst.pdf.extracting import options_of
from ai_catalyst.pdf.source import PdfSource, bytes_of, load, look_ahead, name_of


class Upload:
    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.data = data

    def read(self) -> bytes:
        return self.data


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a/b.pdf", "b.pdf"),
        (Path("a/b.pdf"), "b.pdf"),
        (("c.pdf", b""), "c.pdf"),
        (Upload("d.pdf", b""), "d.pdf"),
        (PdfSource("e/f.pdf"), "e/f.pdf"),
        (("bad\x07\n.pdf", b""), "bad%07%0A.pdf"),
        (io.BytesIO(), "BytesIO"),
    ],
)
def test_each_kind_of_file_has_a_name(file: Any, name: str) -> None:
    assert name_of(file) == name


async def test_a_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    data = pages(1)
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    expected = hashlib.sha256(data).hexdigest()
    for file in (path, ("a.pdf", data), Upload("a.pdf", data)):
        source = await load(file, digest=True)
        assert (source.sha256, source.size) == (expected, len(data))
        assert await bytes_of(source) == data


async def test_a_large_file_is_hashed_and_not_held(tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    data = pages(1) + bytes(9 * 2**20)
    path.write_bytes(data)
    source = await load(path, digest=True)
    assert source.data is None
    assert source.sha256 == hashlib.sha256(data).hexdigest()


async def test_many_paths_are_looked_at_together(tmp_path: Path) -> None:
    good = tmp_path / "a.pdf"
    good.write_bytes(pages(1))
    found = await look_ahead([good, tmp_path / "gone.pdf", ("pair.pdf", b"x"), str(good)])
    assert isinstance(found[0], PdfSource)
    assert isinstance(found[1], FileError)
    assert found[2] is None
    assert isinstance(found[3], PdfSource)


async def test_an_object_that_cannot_be_read_is_told() -> None:
    class Broken:
        name = "broken.pdf"

        def read(self) -> bytes:
            raise OSError("gone")

    class Wordy:
        name = "wordy.pdf"

        def read(self) -> str:
            return "text"

    for file in (Broken(), Wordy()):
        with pytest.raises(FileError) as caught:
            await load(file)
        assert caught.value.kind == "unreadable"
    with pytest.raises(UserError):
        await load(7)


def test_options_are_the_same_for_the_same_and_differ_for_others() -> None:
    class Extractor:
        def __init__(self, **options: Any) -> None:
            self.options_given = options

        def extract(self, text: str, fields: Any) -> dict[str, Any]:
            return {}

    def digest(extractor: Any, fields: Any = ("a",), method: str = "classic") -> bytes:
        return options_of((extractor, fields, method))

    one = digest(Extractor(words=["a"], deep={"b": {1, 2}}))
    assert one == digest(Extractor(words=["a"], deep={"b": {2, 1}}))
    others = [
        digest(Extractor(words=["b"], deep={"b": {1, 2}})),
        digest(Extractor(words=["a"], deep={"b": {1, 2}}), ("a", "b")),
        digest(Extractor(words=["a"], deep={"b": {1, 2}}), ("a",), "hybrid"),
    ]
    assert len({one, *others}) == 4
