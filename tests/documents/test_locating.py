from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import pytest

from ai_catalyst.documents import Locator, expand


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("inbox/b.txt", "inbox/a/x.md", "inbox/.hidden", "inbox/.git/y", "notes.md"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("x")
    return tmp_path


def uris(*arguments: str | Path) -> list[str]:
    return [locator.uri for locator in expand(arguments)]


def test_a_folder_stands_for_its_files_but_hidden_ones(inbox: Path) -> None:
    assert uris("inbox") == ["inbox/a/x.md", "inbox/b.txt"]


def test_uris_are_as_the_user_named_them(inbox: Path) -> None:
    assert uris("./inbox/") == uris("inbox") == uris(Path("inbox"))
    assert uris("inbox/../notes.md") == ["inbox/../notes.md"]
    assert uris(inbox / "notes.md") == [f"{inbox}/notes.md"]
    assert uris(".") == ["inbox/a/x.md", "inbox/b.txt", "notes.md"]
    assert uris((inbox / "notes.md").as_uri()) == [f"{inbox}/notes.md"]


def test_arguments_keep_their_order_and_count_once(inbox: Path) -> None:
    assert uris("notes.md", "inbox/b.txt", "notes.md") == ["notes.md", "inbox/b.txt"]


def test_patterns_are_expanded_in_order(inbox: Path) -> None:
    assert uris("**/*.md") == ["inbox/a/x.md", "notes.md"]
    assert uris("inbox/*.txt") == ["inbox/b.txt"]
    assert uris(f"{inbox}/in*/[ab].txt") == [f"{inbox}/inbox/b.txt"]


def test_a_name_that_looks_like_a_pattern_is_a_name_when_it_is_there(inbox: Path) -> None:
    Path("a[1].txt").write_text("x")
    assert uris("a[1].txt") == ["a[1].txt"]


@pytest.mark.parametrize(
    ("argument", "kind", "words"),
    [
        ("none.txt", "missing", "no such file"),
        ("empty", "empty", "holds no file"),
        ("*.pdf", "empty", "matches no file"),
        ("none/*.pdf", "empty", "matches no file"),
        ("nul\0", "missing", "no such file"),
        ("", "missing", "no such file"),
    ],
)
def test_what_is_not_there_is_told_of(inbox: Path, argument: str, kind: str, words: str) -> None:
    Path("empty").mkdir()
    Path("empty/.keep").write_text("")
    (found,) = expand([argument])
    assert found.kind == "bad"
    assert found.error is not None
    assert found.error.kind == kind
    assert words in str(found.error)


def test_urls_and_standard_input_are_told_apart_from_files() -> None:
    assert list(expand(["-", "HTTPS://example.com/Feed.xml"])) == [
        Locator("-", "stdin"),
        Locator("https://example.com/Feed.xml", "url", "HTTPS://example.com/Feed.xml"),
    ]


def test_credentials_in_a_url_are_not_in_its_uri() -> None:
    (found,) = expand(["https://ann:secret@example.com/a@b"])
    assert found.uri == "https://example.com/a@b"
    assert found.path == "https://ann:secret@example.com/a@b"


def test_names_with_control_characters_or_stray_bytes_get_safe_uris(inbox: Path) -> None:
    os.mkdir("odd")
    for name in (b"a\x1b[31m.txt", b"caf\xe9.txt"):
        with open(b"odd/" + name, "wb"):
            pass
    found = list(expand(["odd"]))
    assert [locator.uri for locator in found] == ["odd/a%1B[31m.txt", "odd/caf%E9.txt"]
    for locator in found:
        assert locator.path is not None
        assert os.path.exists(locator.path)


def test_a_large_folder_is_expanded_lazily(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        Path(f"inbox/{number:02}").mkdir()
        Path(f"inbox/{number:02}/f").write_text("x")
    opened: list[str] = []
    real = os.scandir

    def scandir(path: str) -> object:
        opened.append(path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert len(list(islice(expand(["inbox"]), 3))) == 3
    assert len(opened) < 6
