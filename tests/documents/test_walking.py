from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.documents.walking import _compiled, walk
from ai_catalyst.errors import FileError


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def walked(root: Path, pattern: str = "**/*") -> list[str]:
    return [
        f"!{found.kind}" if isinstance(found, FileError) else os.path.relpath(found, root)
        for found in walk(str(root), pattern)
    ]


def test_files_come_sorted_as_paths_sort(tmp_path: Path) -> None:
    tree(tmp_path, "b.txt", "a/z.txt", "a.txt", "a/b/c.txt", "B.txt")
    expected = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert walked(tmp_path) == [str(path) for path in expected]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("**/*", ["a.md", "s/b.md", "s/t/c.txt"]),
        ("**/*.md", ["a.md", "s/b.md"]),
        ("*.md", ["a.md"]),
        ("*/*", ["s/b.md"]),
        ("s/**", ["s/b.md", "s/t/c.txt"]),
        ("**/t/*", ["s/t/c.txt"]),
        ("**/[ab].m?", ["a.md", "s/b.md"]),
        ("**/[!a].md", ["s/b.md"]),
        ("**/.h*", [".hidden", "s/.h/x.txt"][:1]),
        (".*/*", []),
        ("nothing*", []),
    ],
)
def test_patterns_choose_files(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    tree(tmp_path, "a.md", "s/b.md", "s/t/c.txt", ".hidden", "s/.h/x.txt")
    assert walked(tmp_path, pattern) == expected


@given(st.text("ab-^\\.*?/[]!", max_size=8), st.text("ab./", max_size=8))
def test_no_pattern_makes_it_fail(pattern: str, name: str) -> None:
    _compiled(pattern)(name)


def test_links_lead_in_no_circles_and_nothing_is_found_twice(tmp_path: Path) -> None:
    inside = tree(tmp_path / "in", "a/x.txt", "b/y.txt")
    outside = tree(tmp_path / "out", "o.txt", "deep/p.txt")
    (inside / "a" / "loop").symlink_to("..")
    (inside / "a" / "self").symlink_to(inside)
    (inside / "again").symlink_to("b")
    (inside / "parent").symlink_to(tmp_path)
    (inside / "first").symlink_to(outside)
    (inside / "second").symlink_to(outside)
    (outside / "back").symlink_to(inside)
    (inside / "z.txt").symlink_to("a/x.txt")
    assert walked(inside) == ["a/x.txt", "b/y.txt", "first/deep/p.txt", "first/o.txt", "z.txt"]


def test_links_outside_that_lead_to_each_other_end(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", "r.txt")
    for one, other in (("p", "q"), ("q", "p")):
        (tmp_path / one).mkdir(exist_ok=True)
        (tmp_path / other).mkdir(exist_ok=True)
        (tmp_path / one / "next").symlink_to(tmp_path / other)
        (tmp_path / one / f"{one}.txt").write_text("x")
    (root / "go").symlink_to(tmp_path / "p")
    assert walked(root) == ["go/next/q.txt", "go/p.txt", "r.txt"]


def test_a_broken_link_is_named_and_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "l.txt").symlink_to("nowhere")
    assert walked(tmp_path) == ["l.txt"]
    assert walked(tmp_path / "none") == ["!missing"]
    assert walked(tmp_path / "l.txt") == ["!missing"]


def test_a_folder_that_cannot_be_read_is_told_of_and_the_rest_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "a/x.txt", "b/y.txt")
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("/a"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert walked(tmp_path) == ["!unreadable", "b/y.txt"]


def test_a_pattern_without_stars_looks_no_deeper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "a.txt", "deep/er/b.txt")
    seen: list[str] = []
    real = os.scandir

    def scandir(path: str) -> object:
        seen.append(path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert walked(tmp_path, "*.txt") == ["a.txt"]
    assert len(seen) <= 2
