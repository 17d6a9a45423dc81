"""Any input: check and migrate every file of the standard library and of installed packages.

Each package (of the standard library: each folder, and its modules, 40 together) is migrated in a
copy: what is written must parse, and a second run must change nothing. ``--only NAME`` chooses
packages, ``--every N`` takes each Nth, ``--part 2/4`` the second of four parts.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import sysconfig
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ai_catalyst.check.migrate import migrate
from ai_catalyst.check.project import check_paths

LARGE = (
    *("aiohttp", "alembic", "asyncpg", "fastapi", "hypothesis", "mypy", "numpy", "pandas"),
    *("playwright", "pydantic", "pytest", "redis", "rich", "sqlalchemy", "starlette", "streamlit"),
)


TOGETHER = 40
_SKIPPED = shutil.ignore_patterns("__pycache__", "*.so")


@dataclass(frozen=True)
class Subject:
    """A package, or several modules that stand side by side."""

    name: str
    paths: tuple[Path, ...]


def subjects() -> Iterator[Subject]:
    """Return the modules and packages of the standard library, then large installed packages."""
    library = Path(sysconfig.get_paths()["stdlib"])
    modules = sorted(library.glob("*.py"))
    for start in range(0, len(modules), TOGETHER):
        some = tuple(modules[start : start + TOGETHER])
        yield Subject(f"{some[0].stem} … {some[-1].stem}", some)
    for path in sorted(library.iterdir()):
        if path.name not in ("site-packages", "__pycache__") and any(path.glob("**/*.py")):
            yield Subject(path.name, (path,))
    site = Path(sysconfig.get_paths()["purelib"])
    yield from (Subject(name, (site / name,)) for name in LARGE if (site / name).is_dir())


@dataclass
class Outcome:
    """What one package gave: files read and rewritten, files left as they are, what went wrong."""

    files: int = 0
    changed: int = 0
    left: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        done = f"{self.files} files, {self.changed} rewritten, {self.left} left as they are"
        return f"{done}, {len(self.wrong)} wrong, {self.seconds:.0f} s"


def migrated(subject: Subject, folder: Path) -> Outcome:
    """Check a package, migrate a copy twice, and tell what happened."""
    target = folder / "subject"
    target.mkdir()
    for path in subject.paths:
        if path.is_dir():
            shutil.copytree(path, target / path.name, ignore=_SKIPPED)
        else:
            shutil.copy(path, target)
    outcome = Outcome(check_paths([target]).files)
    first = migrate(target)
    outcome.changed = len(first.after)
    for file, why in first.problems:
        if why.startswith("left as it is"):
            outcome.left += 1
            print(f"{subject.name}: {file}: {why}", flush=True)
    for file, text in first.after.items():
        try:
            compile(text, file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            outcome.wrong.append(f"{file} does not parse: {error}")
    first.write(force=True)
    outcome.wrong += [f"{file} changes again" for file in migrate(target).after]
    return outcome


def tried(subject: Subject) -> Outcome:
    """Return what a package gave; a crash is something that went wrong."""
    start = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            outcome = migrated(subject, Path(folder))
    except Exception:
        outcome = Outcome(wrong=[traceback.format_exc(limit=-3)])
    outcome.seconds = time.perf_counter() - start
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--part", default="1/1", help="the second of four parts: 2/4")
    parser.add_argument("folders", nargs="*", type=Path, help="other packages, instead of ours")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", SyntaxWarning)
    everything = [Subject(path.name, (path,)) for path in chosen.folders] or list(subjects())
    part, parts = map(int, chosen.part.split("/"))
    wanted = [s for s in everything if not chosen.only or s.name in chosen.only]
    wanted = wanted[:: chosen.every][part - 1 :: parts]
    total = Outcome()
    for subject in wanted:
        outcome = tried(subject)
        print(f"{subject.name}: {outcome}", flush=True)
        for line in outcome.wrong:
            print(f"{subject.name}: {line}", flush=True)
        total.files += outcome.files
        total.changed += outcome.changed
        total.left += outcome.left
        total.wrong += outcome.wrong
        total.seconds += outcome.seconds
    print(f"all {len(wanted)} packages: {total}")
    return bool(total.wrong)


if __name__ == "__main__":
    sys.exit(main())
