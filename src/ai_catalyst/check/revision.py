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
    top = Path(_git(folder, "rev-parse", "--show-toplevel").strip())
    changed: dict[Path, set[int]] = {}
    current: set[int] = set()
    difference = _git(
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
    for name in _git(top, "ls-files", "-z", "--others", "--exclude-standard", "--", "*.py").split(
        "\0"
    ):
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


def _git(folder: Path, *arguments: str) -> str:
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
        raise UserError(f"git: {done.stderr.strip().splitlines()[0] if done.stderr else 'failed'}")
    return done.stdout
