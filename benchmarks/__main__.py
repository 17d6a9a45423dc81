"""``python -m benchmarks``: what can be measured, and the command for each."""

from pathlib import Path

if __name__ == "__main__":
    folder = Path(__file__).parent
    parts = {path.stem: path for path in folder.glob("[!_]*.py")}
    parts |= {path.parent.name: path for path in folder.glob("*/__main__.py")}
    for name, path in sorted(parts.items()):
        first = path.read_text(encoding="utf-8").split('"""')[1].strip().splitlines()[0]
        print(f"python -m benchmarks.{name:<10} {first}")
