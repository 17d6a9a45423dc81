"""What the guard sees of eighteen kinds of blocking call, and what it costs.

``python -m benchmarks.guard kinds`` or ``overhead``; both, if none is named. ``--blockbuster
PYTHON`` names an interpreter that has blockbuster, ``--load N`` keeps N processes busy beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.guard import overhead
from benchmarks.guard.kinds import KINDS

from ai_catalyst.check import explain
from ai_catalyst.guard import BlockingCall, Interception, LoopGuard


async def seen_by_watchdog(name: str) -> bool:
    """Tell whether a stall is seen; a watchdog without a processor may miss one, so try again."""
    return await watched(name) or await watched(name)


async def watched(name: str) -> bool:
    with LoopGuard(0.05, explain=explain, log_every_s=None) as guard:
        await asyncio.sleep(0.02)
        KINDS[name]()
        await asyncio.sleep(0.02)
    return guard.count > 0


async def seen_by_interception(name: str) -> bool:
    with Interception():
        try:
            KINDS[name]()
        except BlockingCall:
            return True
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blockbuster", type=Path, help="a Python that has blockbuster")
    parser.add_argument("part", nargs="?", choices=["kinds", "overhead"])
    parser.add_argument("--load", type=int, default=0, metavar="N", help="busy processes beside")
    chosen = parser.parse_args()
    with busy(chosen.load):
        if chosen.part != "overhead":
            kinds(chosen.blockbuster)
        if chosen.part != "kinds":
            overhead.main()


@contextmanager
def busy(processes: int) -> Iterator[None]:
    command = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def kinds(blockbuster: Path | None) -> None:
    columns = {
        "LoopGuard": [name for name in KINDS if asyncio.run(seen_by_watchdog(name))],
        "Interception": [name for name in KINDS if asyncio.run(seen_by_interception(name))],
    }
    if blockbuster:
        command = [blockbuster, Path(__file__).with_name("peer.py")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        columns["blockbuster"] = json.loads(done.stdout)
    else:
        print("blockbuster: left out (--blockbuster PYTHON)")
    for name in KINDS:
        marks = "  ".join(f"{'seen' if name in seen else '-':>12}" for seen in columns.values())
        print(f"{name:<28}{marks}")
    print(f"{'':<28}" + "  ".join(f"{len(s)} of {len(KINDS)}".rjust(12) for s in columns.values()))


if __name__ == "__main__":
    main()
