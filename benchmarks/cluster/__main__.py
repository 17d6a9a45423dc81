"""What a cluster costs and bears: ``python -m benchmarks.cluster [PART…]``, one module a part."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

PARTS = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    options = parser.parse_args()
    for part in options.parts or PARTS:
        print(f"\n== {part}", flush=True)
        importlib.import_module(f"benchmarks.cluster.{part}").run(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
