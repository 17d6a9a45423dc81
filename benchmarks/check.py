"""Recall, silence and speed of the checker beside its peers: ``python -m benchmarks.check``.

The cases are those of ``tests/check/cases``. A case is found when a tool points into it at all with
a rule on blocking calls (``ASYNC2…``; the peers know no chains, so any place counts); a false alarm
is a finding in a case that must be silent. ``--flake8 PATH`` names a flake8 with flake8-async;
speed is measured on the packages installed beside this interpreter.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ai_catalyst.check.project import check_paths

CASES = Path(__file__).resolve().parent.parent / "tests" / "check" / "cases"
EXPECTED = re.compile(r"#\s*expect:\s*(\S+)")
ENOUGH_LINES = 100_000


def must_be_found(folder: Path) -> bool:
    return any(EXPECTED.search(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py"))


def ours(folder: Path) -> bool:
    return any(f.cost_ms and not f.allowed for f in check_paths([folder]).findings)


def peer(command: Sequence[str | Path]) -> Callable[[Path], bool]:
    """Return whether a peer points into a folder; it is run once, over all cases."""
    done = subprocess.run([*command, CASES], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command[0]} failed: {done.stderr}")
    places = [line.partition(":")[0] for line in done.stdout.splitlines()]
    pointed_at = {
        path.relative_to(CASES).parts[0]
        for path in (Path(place).absolute() for place in places)
        if path.is_relative_to(CASES)
    }
    return lambda folder: folder.name in pointed_at


def ruff() -> Callable[[Path], bool]:
    rules = ["--isolated", "--preview", "--select", "ASYNC2", "--output-format", "concise"]
    return peer([Path(sys.executable).with_name("ruff"), "check", *rules])


def flake8(program: Path) -> Callable[[Path], bool]:
    return peer([program, "--isolated", "--select", "ASYNC2"])


def compare(tools: dict[str, Callable[[Path], bool]]) -> None:
    folders = sorted(path for path in CASES.iterdir() if path.is_dir())
    loud = [folder for folder in folders if must_be_found(folder)]
    silent = [folder for folder in folders if folder not in loud]
    print(f"{len(loud)} cases that block, {len(silent)} that do not\n")
    print(f"{'tool':<16}{'found':>16}{'false alarms':>16}")
    for name, tool in tools.items():
        found = sum(tool(folder) for folder in loud)
        alarms = sum(tool(folder) for folder in silent)
        share = f"{found}/{len(loud)} ({found / len(loud):.0%})"
        print(f"{name:<16}{share:>16}{f'{alarms}/{len(silent)}':>16}")


def packages() -> tuple[list[Path], int]:
    """Return installed packages of at least 100,000 lines together."""
    site = Path(sysconfig.get_paths()["purelib"])
    chosen, lines = [], 0
    for name in ("aiohttp", "pydantic", "sqlalchemy", "hypothesis", "mypy", "alembic"):
        folder = site / name
        if folder.is_dir() and lines < ENOUGH_LINES:
            chosen.append(folder)
            lines += sum(path.read_bytes().count(b"\n") for path in folder.rglob("*.py"))
    return chosen, lines


def speed() -> None:
    folders, lines = packages()
    print(f"\n{lines:,} lines of {', '.join(folder.name for folder in folders)}")
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "CATALYST_HOME": home}
        for what in ("cold", "warm"):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            start = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "ai_catalyst", "check", *folders],
                env=environment,
                capture_output=True,
                check=False,
            )
            seconds = time.perf_counter() - start
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(
                f"{what}: {seconds:.2f} s ({cpu:.2f} s of processor), "
                f"{seconds / lines * 1e5:.2f} s per 100,000 lines; "
                f"largest process {after.ru_maxrss / 1024:,.0f} MB"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flake8", type=Path, help="a flake8 that has flake8-async")
    parser.add_argument("--no-speed", action="store_true", help="compare only")
    chosen = parser.parse_args()
    tools: dict[str, Callable[[Path], bool]] = {"catalyst check": ours, "ruff ASYNC": ruff()}
    if chosen.flake8:
        tools["flake8-async"] = flake8(chosen.flake8)
    compare(tools)
    if not chosen.no_speed:
        speed()


if __name__ == "__main__":
    main()
