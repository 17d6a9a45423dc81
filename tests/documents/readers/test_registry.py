from __future__ import annotations

import gzip
import io
import zipfile
from importlib.metadata import EntryPoint

import pytest

from ai_catalyst.documents.readers import registry
from ai_catalyst.documents.readers.registry import Reader, Sample, detect, readers
from ai_catalyst.errors import FileError

PAGE = b"<!DOCTYPE html><html><head><title>T</title></head><body><p>x</p></body></html>"
FEED = b'<?xml version="1.0"?>\n<!-- a feed --><rss version="2.0"><channel></channel></rss>'
MAIL = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: Hi\r\n\r\nHello\r\n"


def office(part: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>" * 500)
        archive.writestr(part, "<x/>")
    return out.getvalue()


def kind(data: bytes, extension: str = "", media_type: str = "") -> str:
    return detect(
        Sample.of(data[:4096], extension=extension, media_type=media_type, tail=data[-65536:])
    ).kind


@pytest.mark.parametrize(
    ("data", "extension", "expected"),
    [
        (b"%PDF-1.7\n...", "txt", "pdf"),
        (b"junk\n%PDF-1.7\n...", "pdf", "pdf"),
        (PAGE, "pdf", "html"),
        (PAGE, "txt", "html"),
        (b"\xef\xbb\xbf  " + PAGE, "", "html"),
        (PAGE.decode().encode("utf-16"), "", "html"),
        (FEED, "xml", "feed"),
        (FEED, "html", "feed"),
        (PAGE, "rss", "feed"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>', "", "feed"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', "json", "feed"),
        (office("word/document.xml"), "zip", "docx"),
        (office("xl/workbook.xml"), "docx", "xlsx"),
        (MAIL, "", "eml"),
        (MAIL, "dat", "eml"),
        (MAIL, "txt", "text"),
        (b'[{"a": 1}]', "", "json"),
        (b'[{"a": 1}]', "jsonl", "jsonl"),
        (b'[\n{"a": 1}\n]', "jsonl", "json"),
        (b'{"a": 1}\n{"a": 2}\n', "json", "jsonl"),
        (b'{"a": 1}\n{"a": 2}\n', "", "jsonl"),
        (b"a,b\n1,2\n", "csv", "csv"),
        (b"a\tb\n1\t2\n", "tsv", "tsv"),
        (b"a,b,c\n1,2,3\n4,5,6\n", "", "csv"),
        (b"# Title\n\ntext", "md", "markdown"),
        (b"[1] A footnote, not JSON", "txt", "text"),
        (b"Some words.\n", "", "text"),
        (b"Some words.\n", "unheard-of", "text"),
        (b"plain words", "html", "html"),
        (b"no PDF at all", "pdf", "pdf"),
    ],
)
def test_content_decides_then_the_name(data: bytes, extension: str, expected: str) -> None:
    assert kind(data, extension) == expected


def test_a_media_type_is_asked_when_content_and_name_say_nothing() -> None:
    assert kind(b"a;b\n1;2\n", "", "text/csv") == "csv"
    assert kind(b"# Hello", "", "text/markdown") == "markdown"
    assert kind(PAGE, "", "application/pdf") == "html"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "an image"),
        (b"\xd0\xcf\x11\xe0" + bytes(64), "old or password-protected Office"),
        (office("a.txt"), "ZIP archive"),
        (b"\x7fELF" + bytes(64), "a program"),
        (office("ppt/presentation.xml"), "a presentation"),
        (rb"{\rtf1\ansi Hello}", "an RTF document"),
        (bytes(range(32)) * 9, "binary data"),
    ],
)
def test_bytes_nobody_reads_are_named(data: bytes, what: str) -> None:
    with pytest.raises(FileError, match=what) as caught:
        kind(data, "txt")
    assert caught.value.kind == "unsupported"


@pytest.mark.parametrize(
    "junk",
    [b"<!-- --> " * 500, b"<!---->" * 600, b"<?x ?>" * 600, b"<!doctype a>" * 300, b"{" * 4096],
)
def test_sniffing_takes_no_time_on_junk(junk: bytes) -> None:
    detect(Sample.of(junk[:4096]))  # a pattern that backtracks would not come back in our time


def test_every_reader_has_a_kind_and_extensions_of_its_own() -> None:
    found = readers()
    assert len({reader.kind for reader in found}) == len(found)
    endings = [ending for reader in found for ending in reader.extensions]
    assert len(set(endings)) == len(endings)
    assert {"text", "markdown", "html", "json", "jsonl", "csv", "tsv", "pdf", "docx", "xlsx"} <= {
        reader.kind for reader in found
    }


def test_what_parses_hostile_formats_can_be_sent_to_a_worker() -> None:
    import pickle

    for reader in readers():
        if reader.hostile:
            assert pickle.loads(pickle.dumps(reader.read)) is reader.read
            assert pickle.loads(pickle.dumps(reader.rescue)) is reader.rescue


def test_other_packages_add_readers_and_a_broken_one_harms_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def points(group: str) -> list[EntryPoint]:
        assert group == "ai_catalyst.readers"
        module = "ai_catalyst.documents.readers.text"
        return [
            EntryPoint("broken", "no_such_module:READERS", group),
            EntryPoint("good", f"{module}:READERS", group),
        ]

    monkeypatch.setattr("importlib.metadata.entry_points", points)
    assert [reader.kind for reader in registry._plugins()] == ["text", "markdown"]


def test_a_reader_streams_when_it_yields_many_items() -> None:
    assert Reader("x", lambda blob: iter(()), shape="table").streams
    assert not Reader("x", lambda blob: iter(())).streams


def test_a_gzip_within_is_no_reader() -> None:
    with pytest.raises(FileError):
        kind(gzip.compress(b"x" * 100), "")
