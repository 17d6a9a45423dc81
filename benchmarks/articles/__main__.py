"""Articles: feeds, pages and the pipeline, each part in a process of its own.

Run ``python -m benchmarks.articles``, or some of its parts: ``feeds``, ``extraction``, ``fetch``,
``pipeline``. ``--peers PYTHON`` is an interpreter that has feedparser and fastfeedparser,
``--scrapy PYTHON`` one that has Scrapy. Test data is looked for in `../shared/data`, or where
`CATALYST_TEST_DATA` points. A part whose data or peer is absent says so.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import subprocess
import sys

PARTS = ("feeds", "extraction", "fetch", "pipeline")


def main() -> int:
    """Run the parts; return how many of them failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--scrapy", metavar="PYTHON")
    options = parser.parse_args()
    given = {"feeds": ("--peers", options.peers), "fetch": ("--scrapy", options.scrapy)}
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, ", end="")
    print(f"load {os.getloadavg()[0]:.1f}", flush=True)
    failed = 0
    for part in options.parts or PARTS:
        print(f"\n### {part}\n", flush=True)
        if importlib.util.find_spec(f"benchmarks.articles.{part}") is None:
            print("(not here)")
            continue
        name, value = given.get(part, ("", None))
        command = [sys.executable, "-m", f"benchmarks.articles.{part}"]
        failed += subprocess.run([*command, name, value] if value else command).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
