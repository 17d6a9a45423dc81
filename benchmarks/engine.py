"""What a batch costs: overhead an item against bare workers, and memory against its length.

Run ``python -m benchmarks.engine``. The item is ``await asyncio.sleep(0)``, 64 run at once; 1.0 is
64 bare workers on one iterator, with no result kept. In each round every row runs once, in turn, so
that a change of the machine's speed meets all alike; a figure is the median of the rounds' ratios,
by the clock and by the processor time of the process, which a busy machine does not disturb.
Peers are measured where they are installed, or in another interpreter (``--peers PYTHON``), each
against the bare workers of the same interpreter and round.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import gc
import importlib.util
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

Cost = tuple[float, float]
"""Seconds by the clock, and of processor time."""
Row = Callable[[int], Awaitable[Cost | None]]
"""Runs so many items; returns what that cost when not everything it did is to be counted."""
Costs = dict[str, list[Cost]]
"""For each row, the cost of an item in every round."""

AT_ONCE = 64
TARGETS = {"Batch": 2.5, "Batch, events": 3.2, "Batch, SQLite journal": 4.5}
TARGET_GROWTH_MIB = 5.0


async def item(number: int) -> int:
    """Do the least an asynchronous item can do."""
    await asyncio.sleep(0)
    return number


# What is compared.


async def bare(count: int) -> None:
    """Run N workers on one iterator: the floor."""
    items = iter(range(count))

    async def work() -> None:
        for number in items:
            await item(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())


async def batch(count: int, **rules: Any) -> None:
    """Run a `Batch` and read it to its end."""
    from ai_catalyst.engine import Batch

    seen = 0
    async with Batch(item, range(count), AT_ONCE, **rules) as outcomes:
        async for _ in outcomes:
            seen += 1
    assert seen == count


async def batch_of_async_input(count: int) -> None:
    """Run a `Batch` on an async generator."""
    from ai_catalyst.engine import Batch

    async def items() -> Any:
        for number in range(count):
            yield number

    async with Batch(item, items(), AT_ONCE) as outcomes:
        async for _ in outcomes:
            pass


async def batch_with_limits(count: int) -> None:
    """Run a `Batch` whose items pass a rate and a cap, and may be retried."""
    from ai_catalyst.engine import InFlight, RateLimit, Retry

    await batch(count, retry=Retry(3), limits=(RateLimit(1e9, 1e9), InFlight(AT_ONCE)))


def key_of(number: int) -> bytes:
    """Name a piece of work; hashing is the caller's cost, so it is not measured."""
    return b"%032d" % number


async def batch_with_journal(count: int) -> Cost:
    """Run a `Batch` that leases and commits each item in SQLite; the store is open already."""
    from ai_catalyst.store import Store

    with tempfile.TemporaryDirectory() as folder:
        async with Store(os.path.join(folder, "bench.db")) as store:
            await store.writer.ready()
            journal = store.journal("bench", "bench")
            return await timed(batch(count, journal=journal, key=key_of))


async def gather(count: int) -> None:
    """Do what is written most: a task an item, held back by a semaphore."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> int:
        async with turn:
            return await item(number)

    await asyncio.gather(*(one(number) for number in range(count)))


async def task_group(count: int) -> None:
    """Do the same in a task group."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> int:
        async with turn:
            return await item(number)

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(number))


async def aiometer(count: int) -> None:
    """Run aiometer."""
    import aiometer as peer

    async with peer.amap(item, range(count), max_at_once=AT_ONCE) as results:
        async for _ in results:
            pass


async def aiostream(count: int) -> None:
    """Run aiostream."""
    from aiostream import stream

    numbers = stream.iterate(range(count))
    async with stream.map(numbers, item, ordered=False, task_limit=AT_ONCE).stream() as results:
        async for _ in results:
            pass


OURS: dict[str, Row] = {
    "Batch": batch,
    "Batch, ordered": functools.partial(batch, ordered=True),
    "Batch, async input": batch_of_async_input,
    "Batch, events": functools.partial(batch, on_event=lambda event: None),
    "Batch, retry and limits": batch_with_limits,
    "Batch, SQLite journal": batch_with_journal,
}
PLAIN: dict[str, Row] = {"gather + Semaphore": gather, "TaskGroup + Semaphore": task_group}
PEERS: dict[str, Row] = {"aiometer": aiometer, "aiostream": aiostream}


def installed(rows: Iterable[str]) -> list[str]:
    """Return the peers this interpreter has."""
    return [name for name in rows if importlib.util.find_spec(name) is not None]


# How it is measured.


async def timed(work: Awaitable[object]) -> Cost:
    """Return what it cost to await something."""
    started, worked = time.perf_counter(), time.process_time()
    await work
    return time.perf_counter() - started, time.process_time() - worked


def race(rows: dict[str, Row], count: int, rounds: int) -> Costs:
    """Let the rows take turns; return what each cost in every round, the floor's too."""
    rows = {"bare workers": bare, **rows}
    costs: Costs = {name: [] for name in rows}

    async def once(row: Row, items: int) -> Cost:
        gc.collect()
        inside: list[Cost | None] = []

        async def run() -> None:
            inside.append(await row(items))

        whole = await timed(run())
        clock, cpu = inside[0] or whole
        return clock / items, cpu / items

    for row in rows.values():
        asyncio.run(once(row, min(count, 500)))
    for turn in range(rounds):
        order = list(rows.items())
        for name, row in order[turn % len(order) :] + order[: turn % len(order)]:
            costs[name].append(asyncio.run(once(row, count)))
    return costs


def ratios(costs: Costs, name: str, kind: int = 0) -> list[float]:
    """Return a row's cost in every round over the floor's; ``kind`` 1 is processor time."""
    pairs = zip(costs[name], costs["bare workers"], strict=True)
    return [mine[kind] / floor[kind] for mine, floor in pairs]


def peers_in(python: str, count: int, rounds: int) -> Costs:
    """Measure the peers in another interpreter, against its own bare workers."""
    command = [python, "-m", "benchmarks.engine", "--only-peers", "--json"]
    done = subprocess.run(
        [*command, "--items", str(count), "--rounds", str(rounds)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: Costs = json.loads(done.stdout)
    return found


def peak_mib(form: str, count: int) -> float:
    """Return the peak memory of a process that runs one batch of so many items."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.engine", "--peak", form, "--items", str(count)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def own_peak_mib() -> float:
    """Return the most memory this process ever had; ``getrusage`` would count its parent's too."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            [kib] = [line.split()[1] for line in status if line.startswith("VmHWM")]
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(kib) / 1024


def growth_mib(form: str, few: int, many: int, tries: int = 3) -> tuple[float, float]:
    """Return the peak memory of a short batch, and how much more a long one needs."""
    base = statistics.median(peak_mib(form, few) for _ in range(tries))
    return base, statistics.median(peak_mib(form, many) for _ in range(tries)) - base


# What is printed.


def table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield "| " + " | ".join(head) + " |"
    yield "| --- |" + " ---: |" * (len(head) - 1)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def overhead_rows(found: Iterable[Costs]) -> Iterator[list[str]]:
    """Yield a line a row, floors first."""
    for number, costs in enumerate(found):
        for name, own in costs.items():
            if number and name == "bare workers":
                continue
            by_clock, by_cpu = ratios(costs, name), ratios(costs, name, 1)
            yield [
                name,
                f"{statistics.median(clock for clock, _ in own) * 1e6:.2f}",
                f"{statistics.median(by_clock):.2f}",
                f"{min(by_clock):.2f}–{max(by_clock):.2f}",
                f"{statistics.median(by_cpu):.2f}",
                f"≤ {TARGETS[name]}" if name in TARGETS else "",
            ]


def main() -> None:
    """Measure and print, as told by the command line."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--items", type=int, default=30_000)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--rows", default="", help="only rows whose name holds this")
    options.add_argument("--peers", metavar="PYTHON", help="an interpreter that has the peers")
    options.add_argument("--only-peers", action="store_true")
    options.add_argument("--no-memory", action="store_true")
    options.add_argument("--json", action="store_true", help="print seconds an item, no tables")
    options.add_argument("--uvloop", action="store_true")
    options.add_argument("--peak", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.uvloop:
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    if given.peak:
        asyncio.run(OURS[given.peak](given.items))  # type: ignore[arg-type]
        print(own_peak_mib())
        return
    wanted = {} if given.only_peers else {**OURS, **PLAIN}
    if not given.peers:
        wanted |= {name: PEERS[name] for name in installed(PEERS)}
    found = [
        race(
            {name: row for name, row in wanted.items() if given.rows in name},
            given.items,
            given.rounds,
        )
    ]
    if given.peers:
        found.append(peers_in(given.peers, given.items // 5, given.rounds))
    if given.json:
        print(json.dumps({name: own for costs in found for name, own in costs.items()}))
        return
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {AT_ONCE} at once, ", end=""
    )
    print(f"{given.items} items, {given.rounds} rounds{', uvloop' if given.uvloop else ''}\n")
    head = ["an item", "µs", "× bare workers", "rounds", "processor time", "target"]
    print(*table(head, overhead_rows(found)), sep="\n")
    if not given.no_memory:
        print("\nPeak memory of a process, MiB\n")
        print(*table(["", "10,000 items", "1,000,000 items", "target"], memory_rows()), sep="\n")


def memory_rows() -> Iterator[list[str]]:
    """Yield what a long batch needs beyond a short one."""
    for form in ("Batch", "Batch, ordered", "Batch, events"):
        base, growth = growth_mib(form, 10_000, 1_000_000, tries=1)
        yield [form, f"{base:.1f}", f"{growth:+.1f}", f"< +{TARGET_GROWTH_MIB:g}"]


if __name__ == "__main__":
    main()
