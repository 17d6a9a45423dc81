"""PDF batches: speed beside peers, what bad files cost, fields found, and the app's clicks.

Run ``python -m benchmarks.pdf``, or some of its parts: ``speed``, ``faults``, ``fields``, ``app``.
The peers (pypdf, pdfplumber, pypdfium2) are in this environment; files are made on the spot, and
`../shared/data/pdf` is read where it is there. A part whose data or program is absent says so.
"""

import argparse
import asyncio
import importlib
import importlib.util
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

PARTS = ("speed", "faults", "fields", "app")
PEERS = ("pypdf", "pdfplumber", "pypdfium2")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    versions = ", ".join(f"{name} {version(name)}" for name in PEERS)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, ", end="")
    print(f"load {os.getloadavg()[0]:.1f}, {versions}\n")
    for part in options.parts or PARTS:
        print(f"### {part}\n")
        run(part, options.rounds)
        print()


def run(part, rounds):
    if importlib.util.find_spec(f"benchmarks.pdf.{part}") is None:
        print("(not here)")
        return
    module = importlib.import_module(f"benchmarks.pdf.{part}")
    with tempfile.TemporaryDirectory() as folder:
        if part == "speed":
            asyncio.run(module.run(Path(folder), rounds))
        elif part == "faults":
            asyncio.run(module.run(Path(folder)))
        else:
            module.main()


if __name__ == "__main__":
    main()
