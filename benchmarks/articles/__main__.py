"""Articles: feeds, pages, fetching politely, and the whole way from a feed to reports.

Run ``python -m benchmarks.articles`` for all parts, or one of them by its name.
"""

import subprocess
import sys
from pathlib import Path

PARTS = ("feeds", "pages", "fetch", "pipeline")


def main():
    folder = Path(__file__).parent
    chosen = [part for part in sys.argv[1:] if not part.startswith("-")] or [
        part for part in PARTS if (folder / f"{part}.py").exists()
    ]
    for part in chosen:
        print(f"\n== python -m benchmarks.articles.{part}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.articles.{part}"], check=False)
        if done.returncode:
            raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
