"""What a `LoopGuard` costs: processor time of the whole process, with and without, in turns.

A round is four runs of one workload, plain, guarded, guarded, plain, so that what drifts meets both
alike; a figure is the median of the rounds, with the middle half of them. ``control`` puts no guard
where the guard would be: what it says is noise. ``counted`` is what the guard's own code took, the
watchdog's thread and the loop's notes, by the clocks of their threads.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import Any

import aiohttp
import uvloop

from ai_catalyst.engine.pulse import Pulse
from ai_catalyst.guard import LoopGuard

__all__ = ["main"]

TURNS = 30_000
CALLS = 500
AT_ONCE = 64
IDLE_S = 2.0
ANSWER = " ".join(["word"] * 20)

Make = Callable[[], AbstractContextManager[Any]]
Work = Callable[[], Awaitable[object]]


def guarded() -> LoopGuard:
    return LoopGuard(log_every_s=None)


async def short_tasks() -> None:
    """Twenty tasks that each step again and again, some ten microseconds a step."""

    async def serve() -> None:
        for _ in range(TURNS // 20):
            await asyncio.sleep(0)
            sum(range(200))

    await asyncio.gather(*(serve() for _ in range(20)))


@contextmanager
def model() -> Iterator[str]:
    """Run a model server in a process of its own; yield its URL."""
    command = [sys.executable, "-m", "ai_catalyst.llm.testing", "--text", ANSWER, "--delay", "0.02"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


@asynccontextmanager
async def raw(url: str) -> AsyncIterator[Callable[[int], Awaitable[object]]]:
    """aiohttp and nothing else: the thinnest client there is, so that a guard weighs most."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def one(number: int) -> object:
            body = {"model": "m", "messages": _messages(number), "max_tokens": 64}
            async with session.post(f"{url}/chat/completions", json=body) as reply:
                return (await reply.json())["choices"][0]["message"]["content"]

        yield one


@asynccontextmanager
async def provider(url: str) -> AsyncIterator[Callable[[int], Awaitable[object]]]:
    """`LLMProvider`, with its gate, limits, breaker and hedging."""
    from ai_catalyst.llm import Endpoint, LLMProvider

    async with LLMProvider([Endpoint("first", "local", url, "m")]) as llm:

        async def one(number: int) -> object:
            return (await llm.generate_async(_messages(number), max_tokens=64)).text

        yield one


def _messages(number: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"Which day of the week was day {number}?"}]


def calls(client: Callable[[str], Any], url: str) -> Work:
    """Return a workload: so many calls, sixty-four at once, each answered after 20 ms."""

    async def work() -> None:
        async with client(url) as one:
            numbers = iter(range(CALLS))

            async def take() -> None:
                for number in numbers:
                    await one(number)

            await asyncio.gather(*(take() for _ in range(AT_ONCE)))

    return work


def spent(work: Work, make: Make) -> float:
    """Return the processor seconds of this process, all threads, that one run takes."""

    async def run() -> float:
        with make():
            await asyncio.sleep(0.02)
            start = time.process_time()
            await work()
            return time.process_time() - start

    gc.collect()
    return asyncio.run(run())


def shares(work: Work, make: Make, rounds: int) -> list[float]:
    """Return, for each round, what share of processor time ``make`` adds."""
    spent(work, nullcontext)
    found = []
    for _ in range(rounds):
        times = [spent(work, kind) for kind in (nullcontext, make, make, nullcontext)]
        found.append((times[1] + times[2]) / (times[0] + times[3]) - 1)
    return found


def counted(work: Work) -> tuple[float, float]:
    """Return the shares of processor time of the watchdog's thread, and of the loop's notes.

    Counted by the system's clocks of threads, so that a busy machine blurs them less than a ratio
    of two runs; what the guard costs others by being there (a cold cache, a lock) is not in it.
    """
    spans: list[float] = []
    note = Pulse.note

    def timed(pulse: Pulse, now: float) -> None:
        start = time.thread_time()
        note(pulse, now)
        spans.append(time.thread_time() - start)

    async def run() -> tuple[float, float]:
        with LoopGuard(log_every_s=None) as guard:
            await asyncio.sleep(0.05)
            watchdog = guard._watchdog
            assert watchdog is not None
            assert watchdog._own is not None
            spans.clear()
            start, before = time.process_time(), watchdog._own.cpu()
            await work()
            spent = time.process_time() - start
            return (watchdog._own.cpu() - before) / spent, sum(spans) / spent

    Pulse.note = timed  # type: ignore[method-assign]
    try:
        return asyncio.run(run())
    finally:
        Pulse.note = note  # type: ignore[method-assign]


def told(name: str, found: list[float]) -> str:
    low, middle, high = statistics.quantiles(found, n=4)
    return f"{name:<44}{middle:>+8.2%}   ({low:+.2%} … {high:+.2%})"


def idle(make: Make, start: Callable[..., Any] = asyncio.run) -> tuple[float, float]:
    """Return the wake-ups a second and the share of one processor of a loop with nothing to do."""

    async def run() -> tuple[float, float]:
        with make():
            await asyncio.sleep(0.2)
            before, cpu = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw, time.process_time()
            await asyncio.sleep(IDLE_S)
            after = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
            return (after - before) / IDLE_S, (time.process_time() - cpu) / IDLE_S

    found: tuple[float, float] = start(run())
    return found


def main(rounds: int = 7) -> None:
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors, {rounds} rounds")
    with model() as url:
        works = {
            "short tasks, loop always busy": short_tasks,
            f"HTTP, {AT_ONCE} calls at once, aiohttp alone": calls(raw, url),
            "the same calls through LLMProvider": calls(provider, url),
        }
        for name, work in works.items():
            print(told(name, shares(work, guarded, rounds)))
            print(told("  control", shares(work, nullcontext, rounds)))
            found = [counted(work) for _ in range(rounds)]
            watchdog, notes = (statistics.median(column) for column in zip(*found, strict=True))
            print(
                f"{'  counted':<44}{watchdog + notes:>+8.2%}   ({watchdog:.2%} + {notes:.2%})",
                flush=True,
            )
    for name, make, start in (
        ("idle, no guard", nullcontext, asyncio.run),
        ("idle, guarded", guarded, asyncio.run),
        ("idle uvloop, guarded", guarded, uvloop.run),
    ):
        wakes, share = idle(make, start)
        print(f"{name:<44}{wakes:>8.0f} wake-ups a second, {share:.2%} of a processor")
