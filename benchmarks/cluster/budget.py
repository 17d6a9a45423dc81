"""One budget over several processes, one of them killed: how far the model's bill is from the cap.

The bill is what a model server counted, so calls that were cut off by the kill are on it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import uuid
from typing import Any

from benchmarks.cluster.rate import REDIS, start_together

PROCESSES = 3
AT_ONCE = 16
COST = 7 * 2.5e-6 + 3 * 10e-6
"""USD a call: the 7 and 3 tokens that the server reports, at the price of gpt-4o."""
MOST_TOKENS = 4
CALLS = 2000
DELAY_S = 0.05


def run(options: Any) -> None:
    """Measure and print."""
    from benchmarks.llm import model, stats

    cap = CALLS * COST
    space = f"catalyst-benchmark-{uuid.uuid4().hex[:8]}"
    with model("--delay", str(DELAY_S)) as url:
        for killed in (False, True):
            workers = [
                subprocess.Popen(
                    [sys.executable, "-m", __name__, REDIS, f"{space}{killed}", url, str(cap)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                for _ in range(PROCESSES)
            ]
            before = stats(url)["count"]
            try:
                start_together(workers)
                if killed:
                    while stats(url)["count"] - before < CALLS / 3:
                        time.sleep(0.05)
                    workers[0].kill()
                told = [worker.communicate(timeout=120)[0].split() for worker in workers]
            finally:
                for worker in workers:
                    worker.kill()
                    worker.wait()
            calls = stats(url)["count"] - before
            trips = sum(float(one[0]) for one in told if one)
            over = (calls * COST - cap) / COST
            print(f"{'one killed' if killed else 'all live':<10}  cap ${cap:.4f} = {CALLS} calls")
            print(
                f"  billed    ${calls * COST:.4f} = {calls} calls, {calls / CALLS:.1%} of the cap"
            )
            print(f"  overshoot {max(0.0, over):.1f} calls (in flight: {PROCESSES * AT_ONCE})")
            print(f"  trips     {trips / calls:.3f} a call of those that lived")


async def work(url: str, space: str, server: str, cap: str) -> None:
    """Ask until the money is gone."""
    from ai_catalyst.cluster.limits import SharedLimits
    from ai_catalyst.cluster.redis_keeper import RedisKeeper
    from ai_catalyst.errors import BudgetExceeded
    from ai_catalyst.llm import Endpoint, LLMProvider

    endpoint = Endpoint("model", "cloud", server, "gpt-4o", private=True)
    owner = f"w{os.getpid()}"
    limits = SharedLimits(RedisKeeper(url, space), "run", owner=owner, lease_s=5)
    async with limits, LLMProvider([endpoint], quotas=limits, budget_usd=float(cap)) as llm:
        await limits.check()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        numbers = iter(range(10**9))

        async def caller() -> None:
            for number in numbers:
                try:
                    await llm.generate_async(f"{owner} {number}", max_tokens=MOST_TOKENS)
                except BudgetExceeded:
                    return

        before = limits.trips
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(caller())
        print(limits.trips - before)


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
