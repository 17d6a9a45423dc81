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
import runpy
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

PARTS = ("speed", "faults", "fields", "app")
PEERS = ("pypdf", "pdfplumber", "pypdfium2")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    options, rest = parser.parse_known_args()
    versions = ", ".join(f"{name} {version(name)}" for name in PEERS)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, ", end="")
    print(f"load {os.getloadavg()[0]:.1f}, {versions}\n")
    for part in options.parts or PARTS:
        print(f"### {part}\n", flush=True)
        run(part, options.rounds, rest)
        print()


def run(part, rounds, rest):
    name = f"benchmarks.pdf.{part}"
    if importlib.util.find_spec(name) is None:
        print("(not here)")
        return
    if part in {"fields", "app"}:  # programs of their own, with options of their own
        sys.argv = [name, *rest]
        runpy.run_module(name, run_name="__main__")
        return
    module = importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(module.run(Path(folder), rounds))


if __name__ == "__main__":
    main()
