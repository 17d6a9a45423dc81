"""The page on security names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "security.md"
_NAMED = re.compile(r"`(?P<path>[\w/]+\.py)?(?:::(?P<name>test_\w+))?`")


def named(text: str) -> list[tuple[str, str | None]]:
    """Return every file and test that a page names; a bare ``::name`` is of the file before."""
    found, path = [], ""
    for match in _NAMED.finditer(text):
        path = match["path"] or path
        found.append((path, match["name"]))
    return found


def test_every_line_of_a_table_names_a_test() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    told = [line for line in lines if not line.startswith(("| ---", "| risk", "| point", "| what"))]
    assert len(told) > 40
    assert [line for line in told if not any(path for path, _ in named(line))] == []


def test_every_risk_of_the_top_ten_has_its_line() -> None:
    text = PAGE.read_text()
    assert all(f"\n| {number} " in text for number in range(1, 11))


def test_every_test_that_the_security_page_names_is_there() -> None:
    places = named(PAGE.read_text())
    assert len(places) > 30
    missing = []
    for path, name in places:
        file = TESTS / path
        tests = {
            node.name
            for node in (ast.walk(ast.parse(file.read_text())) if file.is_file() else ())
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        whole = name is None and file.name == "conftest.py" and file.is_file()
        if not whole and (not tests or (name is not None and name not in tests)):
            missing.append(f"{path}::{name}")
    assert missing == []
