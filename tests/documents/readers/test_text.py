from __future__ import annotations

from pathlib import Path

from reading import bad, read, read_path

from ai_catalyst.documents.blob import Blob, Limits
from ai_catalyst.documents.readers.text import read_text


def test_a_text_is_one_item_unchanged() -> None:
    assert read("text", "Hällo\nWorld\n".encode()) == [{"text": "Hällo\nWorld\n"}]


def test_a_long_text_read_in_pieces_is_the_same(tmp_path: Path) -> None:
    text = "Ein schöner Tag.\r\n" * 200_000
    path = tmp_path / "long.txt"
    path.write_bytes(text.encode("utf-16"))
    assert read_path("text", path) == [{"text": text.replace("\r\n", "\n")}]


def test_a_text_over_the_limit_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(b"x" * 2_000_000)
    blob = Blob("long.txt", str(path), limits=Limits(whole_bytes=1_000_000))
    (error,) = bad(_all(blob))
    assert error.kind == "too_large"


def _all(blob: Blob) -> list[object]:
    from ai_catalyst.documents.parsing import all_items

    return all_items(read_text, blob)


def test_markdown_keeps_its_text_and_tells_its_title() -> None:
    text = "# The *Title* #\n\nWords\n\n## Second\n"
    assert read("markdown", text.encode()) == [{"text": text, "title": "The *Title*"}]


def test_front_matter_wins_over_headings() -> None:
    text = '---\ntitle: "A: B"\nauthor: Ann\ndate: 2024-05-01\nlang: en\nother: x\n---\n# No\n'
    (data,) = read("markdown", text.encode())
    assert data == {
        "text": text,
        "title": "A: B",
        "author": "Ann",
        "date": "2024-05-01",
        "language": "en",
    }


def test_markdown_without_a_heading_has_no_title() -> None:
    assert read("markdown", b"just words\n#hashtag\n") == [{"text": "just words\n#hashtag\n"}]
