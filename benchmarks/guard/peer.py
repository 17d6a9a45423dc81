"""What blockbuster sees of the kinds: run by ``benchmarks.guard`` in an interpreter of its own."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from pathlib import Path

from blockbuster import BlockingError, blockbuster_ctx


async def seen() -> list[str]:
    path = Path(__file__).with_name("kinds.py")
    spec = importlib.util.spec_from_file_location("kinds", path)
    assert spec is not None
    assert spec.loader is not None
    kinds = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kinds)
    found = []
    for name, block in kinds.KINDS.items():
        with blockbuster_ctx():
            try:
                block()
            except BlockingError:
                found.append(name)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(seen())))
