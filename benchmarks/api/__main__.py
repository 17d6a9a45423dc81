"""What the assistant costs and bears: ``python -m benchmarks.api [PART…]``.

Parts: ``cost`` (CPU a request against Starlette and FastAPI), ``load`` (ten and two hundred people
on a model that takes 5 s, probes meanwhile), ``logins``, ``search`` (100,000 passages against raw
FTS5), ``retrieval`` (questions in people's words, ``--onnx FOLDER`` for meaning), ``faults``
(SIGTERM under streams, twenty kills), ``contract`` (schemathesis from an environment of its own:
``--schemathesis PATH``). Ratios come from alternated rounds of one run.
"""

from __future__ import annotations

import argparse
import importlib
import sys

PARTS = ("cost", "load", "logins", "search", "retrieval", "faults", "contract")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--schemathesis", help="the program schemathesis, from its own environment")
    parser.add_argument("--onnx", help="a folder with model.onnx and tokenizer.json")
    parser.add_argument("--database", help="of the retrieval: an empty one of PostgreSQL")
    parser.add_argument("--passages", type=int, default=100_000, help="of the search")
    parser.add_argument("--examples", type=int, default=100, help="examples an operation")
    parser.add_argument("--lines", type=int, default=40, help="lines of the contract's report")
    options = parser.parse_args()
    for part in options.parts or PARTS:
        print(f"\n== {part}", flush=True)
        importlib.import_module(f"benchmarks.api.{part}").run(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
