"""Any input: check and migrate every file of the standard library and of installed packages.

Each package (of the standard library: each folder, and each module by itself) is migrated in a
copy: what is written must parse, and a second run must change nothing. ``--only NAME`` chooses
packages, ``--every N`` takes each Nth.
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
from pathlib import Path

from ai_catalyst.check.migrate import migrate
from ai_catalyst.check.project import check_paths

LARGE = (
    *("aiohttp", "alembic", "asyncpg", "fastapi", "hypothesis", "mypy", "numpy", "pandas"),
    *("playwright", "pydantic", "pytest", "redis", "rich", "sqlalchemy", "starlette", "streamlit"),
)


def subjects() -> Iterator[Path]:
    """Return the modules and packages of the standard library, then large installed packages."""
    library = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(library.iterdir()):
        if path.name in ("site-packages", "__pycache__"):
            continue
        if path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py"))):
            yield path
    site = Path(sysconfig.get_paths()["purelib"])
    yield from (site / name for name in LARGE if (site / name).is_dir())


def migrated(path: Path, folder: Path) -> tuple[int, list[str]]:
    """Migrate a copy twice; return how many files changed, and what went wrong."""
    target = folder / path.name
    if path.is_dir():
        shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    else:
        shutil.copy(path, target)
    first = migrate(target)
    wrong = []
    for file, text in first.after.items():
        try:
            compile(text, file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            wrong.append(f"{file} does not parse: {error}")
    first.write(force=True)
    wrong += [f"{file} changes again" for file in migrate(target).after]
    return len(first.after), wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("folders", nargs="*", type=Path, help="other packages, instead of ours")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", SyntaxWarning)
    paths = [p for p in chosen.folders or subjects() if not chosen.only or p.name in chosen.only]
    files = changed = failed = 0
    start = time.perf_counter()
    for path in paths[:: chosen.every]:
        try:
            files += check_paths([path]).files
            with tempfile.TemporaryDirectory() as folder:
                count, wrong = migrated(path, Path(folder))
        except Exception:
            count, wrong = 0, [traceback.format_exc(limit=-3)]
        changed += count
        failed += bool(wrong)
        for line in wrong:
            print(f"{path}: {line}", flush=True)
    seconds = time.perf_counter() - start
    done = f"{len(paths[:: chosen.every])} packages, {files} files, {changed} rewritten"
    print(f"{done}, {failed} failed, {seconds:.0f} s")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
