"""One rate over several processes: how much of it is used, and the worst second.

Each process has more callers than the rate can serve. The moments at which permits were used are
taken from the machine's one monotonic clock, so every second of all processes together is seen.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import uuid
from typing import Any

RATE = 500.0
PROCESSES = 3
CALLERS = 64
SECONDS = 10.0
REDIS = os.environ.get("CATALYST_TEST_REDIS_URL", "redis://127.0.0.1:6379")


def run(options: Any) -> None:
    """Measure and print."""
    space = f"catalyst-benchmark-{uuid.uuid4().hex[:8]}"
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", __name__, REDIS, space, f"w{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    try:
        start_together(workers)
        told = [worker.communicate(timeout=SECONDS + 60)[0].splitlines() for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    each = [[float(moment) for moment in lines[0].split()] for lines in told]
    moments = sorted(moment for one in each for moment in one)
    begin = moments[0]
    moments = [moment for moment in moments if moment < begin + SECONDS]
    worst = worst_window(moments, 1.0)
    cpu, trips = (sum(float(lines[1].split()[n]) for lines in told) for n in (0, 1))
    total = sum(map(len, each))
    shares = ", ".join(f"{len(one) / total:.0%}" for one in each)
    print(f"{PROCESSES} processes × {CALLERS} callers, {RATE:g}/s for {SECONDS:g} s, Redis")
    print(f"used            {len(moments) / (RATE * SECONDS):.1%}  (goal ≥ 97 %)")
    print(f"worst second    {worst / RATE - 1:+.1%}  ({worst} permits; goal ≤ +2 %)")
    print(f"shares          {shares}")
    print(f"round trips     {trips / len(moments):.3f} a permit")
    print(f"CPU             {cpu / len(moments) * 1e6:.0f} µs a permit, caller's task included")


def start_together(workers: list[subprocess.Popen[str]]) -> None:
    """Wait until all are ready, then let all go."""
    for worker in workers:
        assert worker.stdout is not None
        if worker.stdout.readline() != "ready\n":
            raise RuntimeError("a process of the benchmark did not start")
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()


def worst_window(moments: list[float], seconds: float) -> int:
    """Return how many of the ordered moments the fullest window holds."""
    first = worst = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - seconds:
            first += 1
        worst = max(worst, last - first + 1)
    return worst


async def work(url: str, space: str, owner: str) -> None:
    """Use as many permits as there are."""
    from ai_catalyst.cluster.limits import SharedLimits
    from ai_catalyst.cluster.redis_keeper import RedisKeeper

    async with SharedLimits(RedisKeeper(url, space), "run", owner=owner) as limits:
        rate = limits.rate("lane", "requests", RATE, 1)
        await limits.check()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        moments: list[float] = []
        end = time.monotonic() + SECONDS + 0.5

        async def caller() -> None:
            while time.monotonic() < end:
                await rate.acquire()
                moments.append(time.monotonic())

        began, before = time.process_time(), limits.trips
        async with asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(caller())
        cpu = time.process_time() - began
    print(*(f"{moment:.6f}" for moment in moments))
    print(cpu, limits.trips - before)


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
