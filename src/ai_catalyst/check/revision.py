"""Which lines changed since a revision: so that only what a change brings is told."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ai_catalyst.check.finding import Finding
from ai_catalyst.errors import UserError

__all__ = ["changed_lines", "touched"]

_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")


def changed_lines(revision: str, folder: Path) -> dict[Path, set[int]]:
    """Return the new or changed lines of each file since a revision, untracked files included.

    Raises `UserError` when the folder is in no git tree or there is no such revision.
    """
    if revision.startswith("-"):
        raise UserError(f"{revision}: not a revision")
    top = Path(
        _git(
            f"{folder} is in no git tree: --diff tells what changed since a revision of one",
            *(folder, "rev-parse", "--show-toplevel"),
        ).strip()
    )
    unknown = f"{revision}: git knows no such revision here"
    _git(unknown, top, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    changed: dict[Path, set[int]] = {}
    current: set[int] = set()
    difference = _git(
        unknown,
        top,
        "-c",
        "core.quotepath=off",
        "diff",
        "-U0",
        "--no-color",
        "--no-ext-diff",
        revision,
        "--",
        "*.py",
    )
    for line in difference.splitlines():
        if line.startswith("+++ b/"):
            current = changed.setdefault((top / line[6:].rstrip("\t")).resolve(), set())
        elif match := _HUNK.match(line):
            start, count = int(match[1]), int(match[2] or 1)
            current.update(range(start, start + count))
    arguments = ("ls-files", "-z", "--others", "--exclude-standard", "--", "*.py")
    for name in _git(f"{top}: git cannot list its files", top, *arguments).split("\0"):
        if name:
            changed[(top / name).resolve()] = set(range(1, 1_000_000))
    return changed


def touched(findings: Sequence[Finding], changed: dict[Path, set[int]]) -> list[Finding]:
    """Return the findings whose chain runs over a changed line."""
    return [
        finding
        for finding in findings
        if any(place.line in changed.get(Path(place.file).resolve(), ()) for place in finding.chain)
    ]


def _git(otherwise: str, folder: Path, *arguments: str) -> str:
    """Return what git prints; raises `UserError` with ``otherwise`` when it fails."""
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise UserError("git is not installed: --diff needs it") from error
    if done.returncode:
        raise UserError(otherwise)
    return done.stdout
