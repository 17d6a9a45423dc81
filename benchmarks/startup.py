"""How long a start takes, and how much the core brings: ``python -m benchmarks.startup``.

Installs the core, and with ``--peers`` the peers, each into a fresh virtual environment of its own
(from the package cache when it is warm), then times ``--help`` of each in alternated rounds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
PEERS = {"llm": "llm"}


@dataclass
class Installed:
    """One program in an environment of its own."""

    name: str
    folder: Path
    seconds: float
    megabytes: float
    help: list[str]


def megabytes(folder: Path) -> float:
    return sum(f.stat().st_blocks * 512 for f in folder.rglob("*") if f.is_file()) / 1e6


def install(name: str, target: list[str], program: str, into: Path, *flags: str) -> Installed:
    folder = into / name
    venv.create(folder, with_pip=True)
    before = megabytes(folder)
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", *flags, *target]
    subprocess.run(pip, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    again = into / f"{name}-again"  # the first install filled the package cache; this one is timed
    venv.create(again, with_pip=True)
    created = time.perf_counter()
    pip[0] = str(again / "bin/python")
    subprocess.run(pip, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - created
    command = [str(folder / "bin" / program), "--help"]
    return Installed(name, folder, seconds, megabytes(folder) - before, command)


def wall(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def import_ms(python: Path, module: str, rounds: int) -> float:
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    runs = [
        float(
            subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout
        )
        for _ in range(rounds)
    ]
    return median(runs) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--peers", action="store_true", help="install and time the peers too")
    options = parser.parse_args()
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    with tempfile.TemporaryDirectory() as temporary:
        into = Path(temporary)
        core = ["-c", "constraints.txt", str(ROOT)]
        programs = [
            install("core", core, "catalyst", into, "--no-compile"),
            install("core-compiled", core, "catalyst", into),
        ]
        if options.peers:
            programs += [install(n, [t], n, into) for n, t in PEERS.items()]
        for program in programs:
            wall(program.help)  # the first start writes the byte code
        times: dict[str, list[float]] = {program.name: [] for program in programs}
        for _ in range(options.rounds):
            for program in programs:
                times[program.name].append(wall(program.help))
        print(f"Python {sys.version.split()[0]}, medians of {options.rounds} alternated rounds\n")
        print("| program | installs, s | added, MB | `--help`, ms | catalyst / it |")
        print("| --- | --- | --- | --- | --- |")
        ours = median(times["core"])
        for program in programs:
            taken = median(times[program.name])
            print(
                f"| {program.name} | {program.seconds:.0f} | {program.megabytes:.0f} "
                f"| {taken * 1000:.0f} | {ours / taken:.2f} |"
            )
        python = into / "core/bin/python"
        for module in ("ai_catalyst", "ai_catalyst.engine"):
            print(f"\n`import {module}`: {import_ms(python, module, options.rounds):.1f} ms")


if __name__ == "__main__":
    main()
