"""What reading many small files costs: `FileProcessor` against a plain blocking loop.

Run ``python -m benchmarks.files``. 2,000 files of text, Markdown, JSON, JSON Lines and CSV are read
as records. The plain loop does the same work with the same decoders, knowing each format by the
file's name alone; the others take turns with it, so that a change of the machine's speed meets all
alike. aiofiles is measured where it is installed. Loop stall: the longest time a heartbeat of 1 ms
came late, and the CPU time the loop's thread spent in one turn at most (medians).
"""

import argparse
import asyncio
import csv
import importlib.util
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

import msgspec

from ai_catalyst import FileProcessor
from ai_catalyst.model import Record

PLAIN = "plain blocking loop"
WORDS = "The heat pump restarts every night at three, and nobody knows the reason. "
decode_lines = msgspec.json.Decoder().decode_lines


def write_files(folder, count):
    """Write ``count`` files of about 3 KB, of five formats in turn, in ten folders."""
    rows = [{"id": n, "name": f"name {n}", "note": WORDS, "price": n / 4} for n in range(20)]
    table = "id;name;note\n" + "".join(f"{n};name {n};{WORDS}\n" for n in range(30))
    contents = {
        "txt": WORDS * 40,
        "md": "# Title\n\n" + (WORDS + "\n\n") * 40,
        "json": json.dumps(rows),
        "jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "csv": table,
    }
    kinds = list(contents)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        path = folder / f"{number % 10}" / f"{number:05}.{kind}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(contents[kind])


def parse(path, data):
    """Return the records in a file's bytes, as plainly as can be."""
    source, kind = str(path), path.suffix[1:]
    if kind in {"txt", "md"}:
        found = [{"text": data.decode()}]
    elif kind == "json":
        found = msgspec.json.decode(data)
    elif kind == "jsonl":
        found = decode_lines(data)
    else:
        table = csv.reader(data.decode().splitlines(), delimiter=";")
        names = next(table)
        found = [dict(zip(names, row)) for row in table]  # noqa: B905
    return [Record(item, source, index, kind) for index, item in enumerate(found)]


def files_of(folder):
    return sorted(path for path in folder.glob("**/*") if path.is_file())


def blocking(folder):
    count = 0
    for path in files_of(folder):
        with open(path, "rb") as file:
            data = file.read()
        for _ in parse(path, data):
            count += 1
    return count


async def plain(folder):
    return blocking(folder)


async def ours(folder):
    count = 0
    async for _ in FileProcessor().process_directory_async(folder):
        count += 1
    return count


async def ours_sync(folder):
    return await asyncio.to_thread(
        lambda: sum(1 for _ in FileProcessor().process_directory(folder))
    )


async def thread_a_file(folder):
    count = 0
    for path in await asyncio.to_thread(files_of, folder):
        count += len(parse(path, await asyncio.to_thread(path.read_bytes)))
    return count


async def aiofiles_a_file(folder):
    import aiofiles

    count = 0
    for path in files_of(folder):
        async with aiofiles.open(path, "rb") as file:
            count += len(parse(path, await file.read()))
    return count


async def timed(read, folder, expected):
    """Return a reader's seconds and its CPU-seconds."""
    started, busy = time.perf_counter(), time.process_time()
    count = await read(folder)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    assert count == expected, (read.__name__, count, expected)
    return seconds, busy


async def stalled(read, folder):
    """Return the longest lateness of a heartbeat, and the loop's CPU time in one turn at most.

    The first also holds what other programs took of the machine; the second does not. Heartbeats
    cost time, so nothing else is measured meanwhile.
    """
    late = busy = 0.0

    async def beat():
        nonlocal late, busy
        while True:
            before, used = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            late = max(late, time.perf_counter() - before - 0.001)
            busy = max(busy, time.thread_time() - used)

    beating = asyncio.create_task(beat())
    await read(folder)
    await asyncio.sleep(0.002)
    beating.cancel()
    return late, busy


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    readers = {
        PLAIN: plain,
        "FileProcessor, async": ours,
        "FileProcessor, sync twin": ours_sync,
        "asyncio.to_thread a file": thread_a_file,
    }
    if importlib.util.find_spec("aiofiles"):
        readers["aiofiles"] = aiofiles_a_file
    seconds = {name: [] for name in readers}
    cpu = {name: [] for name in readers}
    stalls = {name: [] for name in readers}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_files(folder, options.files)
        expected = blocking(folder)
        for read in readers.values():  # once unmeasured: imports, page cache
            asyncio.run(timed(read, folder, expected))
        for _ in range(options.rounds):
            for name, read in readers.items():
                took, busy = asyncio.run(timed(read, folder, expected))
                seconds[name].append(took)
                cpu[name].append(busy)
                stalls[name].append(asyncio.run(stalled(read, folder)))
    print(f"\n{options.files} files, {expected} records, medians of {options.rounds} rounds;")
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    print(f"{machine}, load {os.getloadavg()[0]:.1f}\n")
    print("| reader | ms | × plain | CPU ms | × plain | loop stall ms, of it CPU |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name in readers:
        late, busy = (statistics.median(kind) * 1e3 for kind in zip(*stalls[name], strict=True))
        stall = f"{late:.1f}, {busy:.1f}"
        print(
            f"| {name} | {statistics.median(seconds[name]) * 1e3:.0f} | {ratio(seconds, name):.2f}"
            f" | {statistics.median(cpu[name]) * 1e3:.0f} | {ratio(cpu, name):.2f}"
            f" | {'all the time' if name == PLAIN else stall} |"
        )


def ratio(times, name):
    """Return the median over the rounds of a reader's time by the plain loop's."""
    return statistics.median(
        one / other for one, other in zip(times[name], times[PLAIN], strict=True)
    )


if __name__ == "__main__":
    main()
