"""Plans 10⁸ and 10⁹ documents on paper: ``python -m benchmarks.scale [plan|check|measure]``.

``plan`` prints the tables of ``docs/scale.md`` from the constants in ``constants.json``, and with
``--write`` puts them there; ``check`` holds the plan against real runs at small numbers;
``measure`` measures the constants again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

DOC = Path(__file__).parents[2] / "docs" / "scale.md"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", default="plan", choices=["plan", "check", "measure"])
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scale.md")
    options = parser.parse_args()
    if options.what == "measure":
        from benchmarks.scale.measure import measure, save

        save(measure())
    if options.what == "check":
        from benchmarks.scale.check import check

        print(check())
        return 0
    from benchmarks.scale.document import with_tables
    from benchmarks.scale.tables import SECTIONS

    if options.write:
        DOC.write_text(with_tables(DOC.read_text(encoding="utf-8")), encoding="utf-8")
    for name, make in SECTIONS.items():
        print(f"\n## {name}\n\n{make()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
