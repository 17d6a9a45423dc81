"""What the guard sees of eighteen kinds of blocking call, and what it costs.

``--blockbuster PYTHON`` names an interpreter that has blockbuster.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import time
from pathlib import Path

from benchmarks.guard.kinds import KINDS

from ai_catalyst.check import explain
from ai_catalyst.guard import BlockingCall, Interception, LoopGuard

ROUNDS = 7
TURNS = 80_000


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


async def turns() -> float:
    """Return the processor seconds of a loop that serves many short callbacks."""

    async def serve() -> None:
        for _ in range(TURNS // 20):
            await asyncio.sleep(0)
            sum(range(200))

    start = time.process_time()
    await asyncio.gather(*(serve() for _ in range(20)))
    return time.process_time() - start


def cost(make: type[LoopGuard] | type[Interception]) -> float:
    """Return the share of processor time that one adds: the median of alternated rounds."""
    ratios = []
    for _ in range(ROUNDS):
        plain = asyncio.run(turns())

        async def guarded() -> float:
            with make():
                return await turns()

        ratios.append(asyncio.run(guarded()) / plain - 1)
    return statistics.median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blockbuster", type=Path, help="a Python that has blockbuster")
    chosen = parser.parse_args()
    columns = {
        "LoopGuard": [name for name in KINDS if asyncio.run(seen_by_watchdog(name))],
        "Interception": [name for name in KINDS if asyncio.run(seen_by_interception(name))],
    }
    if chosen.blockbuster:
        command = [chosen.blockbuster, Path(__file__).with_name("peer.py")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        columns["blockbuster"] = json.loads(done.stdout)
    else:
        print("blockbuster: left out (--blockbuster PYTHON)")
    for name in KINDS:
        marks = "  ".join(f"{'seen' if name in seen else '-':>12}" for seen in columns.values())
        print(f"{name:<28}{marks}")
    print(f"{'':<28}" + "  ".join(f"{len(s)} of {len(KINDS)}".rjust(12) for s in columns.values()))
    print(f"a LoopGuard adds {cost(LoopGuard):+.1%} of processor time to a busy loop")


if __name__ == "__main__":
    main()
