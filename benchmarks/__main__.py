"""``python -m benchmarks``: what can be measured, and the command for each."""

from pathlib import Path

if __name__ == "__main__":
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        first = path.read_text(encoding="utf-8").split('"""')[1].strip().splitlines()[0]
        print(f"python -m benchmarks.{path.stem:<10} {first}")
