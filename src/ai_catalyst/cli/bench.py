"""``catalyst bench``: this machine's own figures, in some seconds."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from ai_catalyst.cli.terminal import print_json

__all__ = ["Figure", "bench"]

ROUNDS = 3
JOBS = 40
JOB_S = 0.05
FILES = 400
TEXT = "A line of text about nothing in particular.\n" * 40


@dataclass(frozen=True, slots=True)
class Figure:
    """What one way of doing the work took, and the least it could take here."""

    system: str
    way: str
    seconds: float
    ideal_s: float

    @property
    def of_ideal(self) -> float:
        """The share of the physical limit that was reached, 0 to 1."""
        return self.ideal_s / self.seconds if self.seconds else 1.0


def bench(
    system: Annotated[str, typer.Argument(help="engine, files, or all.")] = "all",
    compare: Annotated[
        bool, typer.Option("--compare", help="Also one at a time, for comparison.")
    ] = False,
    concurrency: Annotated[
        str, typer.Option("--concurrency", help="How many at once, comma-separated.")
    ] = "1,3,5,8",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure this machine: one at a time, many at once, and the physical limit."""
    import asyncio

    from ai_catalyst.errors import UserError

    systems: dict[str, Callable[[list[int], bool], Awaitable[list[Figure]]]] = {
        "engine": _engine,
        "files": _files,
    }
    if system != "all" and system not in systems:
        raise UserError(f"unknown system {system!r}; there are: all, {', '.join(systems)}")
    try:
        limits = [int(part) for part in concurrency.split(",")]
    except ValueError:
        limits = []
    if not limits or min(limits) < 1:
        raise UserError(f"--concurrency {concurrency!r} must be numbers like 1,3,5,8")
    chosen = systems if system == "all" else {system: systems[system]}

    async def measure() -> list[Figure]:
        return [figure for run in chosen.values() for figure in await run(limits, compare)]

    figures = asyncio.run(measure())
    if as_json:
        print_json([asdict(f) | {"of_ideal": f.of_ideal} for f in figures])
    else:
        _show(figures)


async def _median(work: Callable[[], Awaitable[None]]) -> float:
    from statistics import median

    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        await work()
        times.append(time.perf_counter() - started)
    return median(times)


async def _engine(limits: list[int], compare: bool) -> list[Figure]:
    """Jobs that wait, as a model or a server makes one wait."""
    import asyncio

    from ai_catalyst.engine import Batch

    async def job(_: int) -> None:
        await asyncio.sleep(JOB_S)

    async def one_by_one() -> None:
        for number in range(JOBS):
            await job(number)

    def at_once(limit: int) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            async with Batch(job, range(JOBS), limit) as batch:
                async for _ in batch:
                    pass

        return work

    figures = []
    if compare:
        figures.append(Figure("engine", "one by one", await _median(one_by_one), JOBS * JOB_S))
    for limit in limits:
        ideal = -(-JOBS // limit) * JOB_S
        figures.append(Figure("engine", f"{limit} at once", await _median(at_once(limit)), ideal))
    return figures


async def _files(limits: list[int], compare: bool) -> list[Figure]:
    """Small files, warm in the page cache: the limit is a plain loop that blocks everything."""
    import tempfile

    from ai_catalyst.documents.processor import FileProcessor

    with tempfile.TemporaryDirectory() as folder:  # catalyst: blocking(nothing else runs yet)
        paths = [Path(folder, f"{number:04}.txt") for number in range(FILES)]
        for path in paths:
            path.write_text(TEXT, encoding="utf-8")  # catalyst: blocking(nothing else runs yet)

        async def plain_loop() -> None:
            for path in paths:
                path.read_text(encoding="utf-8")  # catalyst: blocking(what it is compared with)

        def at_once(limit: int) -> Callable[[], Awaitable[None]]:
            async def work() -> None:
                processor = FileProcessor(max_concurrent_files=limit)
                async for _ in processor.process_directory_async(folder):
                    pass

            return work

        await plain_loop()
        ideal = await _median(plain_loop)
        figures = [Figure("files", "one by one", ideal, ideal)] if compare else []
        for limit in limits:
            taken = await _median(at_once(limit))
            figures.append(Figure("files", f"{limit} at once", taken, ideal))
        return figures


def _show(figures: list[Figure]) -> None:
    longest = {f.system: max(g.seconds for g in figures if g.system == f.system) for f in figures}
    system = ""
    for figure in figures:
        if figure.system != system:
            system = figure.system
            what = (
                f"{JOBS} jobs of {JOB_S * 1000:.0f} ms"
                if system == "engine"
                else f"{FILES} small files; the limit is a plain blocking loop"
            )
            typer.secho(f"\n{system}: {what}, median of {ROUNDS}", bold=True)
        bar = "█" * max(1, round(40 * figure.seconds / longest[system]))
        typer.echo(
            f"  {figure.way:<11} {figure.seconds * 1000:>8.0f} ms"
            f"  {figure.of_ideal:>4.0%} of the limit  {bar}"
        )
