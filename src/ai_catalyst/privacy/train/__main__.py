"""Make the data files of `ai_catalyst.privacy` again: ``python -m ai_catalyst.privacy.train``."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from importlib import resources
from pathlib import Path

from ai_catalyst.privacy.train.generate import Labelled, texts

HOME = Path(str(resources.files("ai_catalyst.privacy"))) / "data"


def main(arguments: list[str] | None = None) -> int:
    """Train the model of names, or make the lexicon; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m ai_catalyst.privacy.train", description=__doc__
    )
    parser.add_argument("what", nargs="?", choices=("model", "lexicon"), default="model")
    parser.add_argument("--output", type=Path, help="the file to write (default: the shipped one)")
    parser.add_argument("--texts", type=int, default=7000, help="how many texts to make")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--labelled",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="labelled texts beside those: a JSON line each with text and spans [start, end, kind]",
    )
    parser.add_argument("--split", help="of those, only the lines whose split is this")
    parser.add_argument("--iterations", type=int, default=110)
    parser.add_argument("--verbose", action="store_true")
    chosen = parser.parse_args(arguments)
    return _lexicon(chosen) if chosen.what == "lexicon" else _model(chosen)


def _lexicon(chosen: argparse.Namespace) -> int:
    from ai_catalyst.privacy.train.lexicon import build

    try:
        table = build()
    except ImportError:
        sys.stderr.write("the lexicon is made from Faker's lists: pip install faker\n")
        return 2
    target = chosen.output or HOME / "lexicon.bin"
    target.write_bytes(table)
    sys.stdout.write(f"{target}: {len(table):,} bytes\n")
    return 0


def _model(chosen: argparse.Namespace) -> int:
    from ai_catalyst.privacy.train.model import docstrings, labelled, train

    made: list[Labelled] = [*texts(chosen.texts, chosen.seed), *docstrings()]
    for path in chosen.labelled:
        made += labelled(path, split=chosen.split)
    kinds = Counter(kind for text in made for _, _, kind in text.spans)
    sys.stdout.write(
        f"{len(made):,} texts; " + ", ".join(f"{n:,} {k}" for k, n in kinds.most_common())
    )
    sys.stdout.write("\n")
    started = time.monotonic()
    target = chosen.output or HOME / "names.crfsuite"
    facts = train(made, target, iterations=chosen.iterations, verbose=chosen.verbose)
    facts["seconds"] = round(time.monotonic() - started)
    sys.stdout.write(f"{target}: " + ", ".join(f"{n:,} {name}" for name, n in facts.items()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
