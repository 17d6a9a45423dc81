"""Each folder of ``cases`` is a small package; a comment says what must be found on its line.

A comment with a line of its own is about the next line.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ai_catalyst.check.project import check_paths

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())
EXPECTED = re.compile(r"#\s*expect:\s*(\S+)")


def expected_in(folder: Path) -> set[tuple[str, int, str]]:
    """Return (file, line, sink) of each expectation of a case."""
    return {
        (path.relative_to(folder).as_posix(), number + line.lstrip().startswith("#"), sink)
        for path in folder.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for sink in EXPECTED.findall(line)
    }


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_case_shows_what_it_must_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    found = {
        (finding.file, finding.line, finding.sink)
        for finding in check_paths([Path()]).findings
        if finding.cost_ms and not finding.allowed
    }
    expected = expected_in(folder)
    missed = {wanted for wanted in expected if wanted not in found}
    places = {(file, line) for file, line, _ in expected}
    assert not missed, f"found: {sorted(found)}"
    assert not {f for f in found if f[:2] not in places}


def test_there_are_sixty_cases_and_a_third_of_the_kinds_are_silent() -> None:
    silent = [folder for folder in CASES if not expected_in(folder)]
    assert len(CASES) >= 60
    assert len(silent) >= 12
