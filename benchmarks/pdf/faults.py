"""What bad files cost the others: odd and ordinary files, and faults injected between them.

Every file must have one typed outcome, only the guilty files may be lost, no process may be left,
and nobody waits longer than the limit and a second.
"""

import asyncio
import os
import time
from collections import Counter
from pathlib import Path

from benchmarks.pdf import corpora
from benchmarks.pdf.injected import read_with_faults
from benchmarks.pdf.speed import Letters

from ai_catalyst.engine import WorkerPool
from ai_catalyst.pdf import AsyncBatchProcessor, AsyncPDFProcessor, TextExtractor

PAGE_S, FILE_S = 4.0, 20.0
INJECTED = {
    "segv@1.pdf": {"CRASHED"},
    "segv@3.pdf": {"PARTIAL"},
    "hang@1.pdf": {"PARTIAL"},
    "hang@2.pdf": {"PARTIAL"},
    "alloc@1.pdf": {"PARTIAL", "OUT_OF_MEMORY"},
    "kill@2.pdf": {"PARTIAL"},
    "exit@3.pdf": {"PARTIAL"},
}
"""The guilty files, each of four pages but the first, and what may become of them."""


async def outcomes(files, pool):
    """Return each file's outcome, in order."""
    reader = TextExtractor(
        pool=pool, read=read_with_faults, ocr="never", page_timeout_s=PAGE_S, timeout_s=FILE_S
    )
    batch = AsyncBatchProcessor(AsyncPDFProcessor(text_extractor=reader), 5)
    results = await batch.process_batch(files, Letters(), ["letters"])
    assert [result.file_name for result in results] == [file.name for file in files]
    stats = batch.stats()
    assert stats["total"] == sum(stats["outcomes"].values()) == len(files)
    return [result.outcome for result in results]


async def waits(folder, pool):
    """Return how long a file that hangs at its only page is waited for, beyond the limit."""
    path = folder / "hang@1-alone.pdf"
    path.write_bytes(corpora.document(1, 5, 1))
    start = time.perf_counter()
    (outcome,) = await outcomes([path], pool)
    assert outcome == "TIMEOUT"
    return time.perf_counter() - start - PAGE_S


async def run(folder, rounds=1):
    """Print what became of the files; once is enough."""
    place = folder / "guilty"
    place.mkdir()
    for name in INJECTED:
        (place / name).write_bytes(corpora.document(1 if name == "segv@1.pdf" else 4, 10, 7))
    shared = corpora.shared_data()
    innocent = sorted([*shared.glob("odd/**/*.pdf"), *shared.glob("plain/**/*.pdf")])
    innocent = innocent or corpora.write(folder, "innocent", 200, (1, 2, 5), 20)
    guilty = sorted(place.iterdir())
    step = len(innocent) // (len(guilty) + 1)
    files = list(innocent)
    for number, file in enumerate(guilty, 1):
        files.insert(number * step, file)
    async with WorkerPool() as pool:
        alone = dict(zip(innocent, await outcomes(innocent, pool), strict=True))
        start = time.perf_counter()
        beside = dict(zip(files, await outcomes(files, pool), strict=True))
        seconds = time.perf_counter() - start
        beyond = await waits(folder, pool)
    harmed = [file.name for file in innocent if beside[file] != alone[file]]
    wrong = {file.name: beside[file] for file in guilty if beside[file] not in INJECTED[file.name]}
    left = await orphans()
    print(f"\n{len(files)} files, {len(guilty)} of them guilty, in {seconds:.1f} s: ", end="")
    print(", ".join(f"{count} {name}" for name, count in Counter(beside.values()).most_common()))
    print("\n| bad files | found | wanted |\n| --- | ---: | ---: |")
    print(f"| files with one typed outcome | {len(beside)} of {len(files)} | all |")
    print(f"| innocent files that were harmed | {len(harmed)} {' '.join(harmed[:3])} | 0 |")
    print(f"| guilty files with an unfit outcome | {len(wrong)} {wrong or ''} | 0 |")
    print(f"| waited beyond the limit of {PAGE_S:g} s | {beyond:.2f} s | < 1 s |")
    print(f"| processes left | {left} | 0 |")


async def orphans():
    """Return how many processes are left that this one, or one of its own, started."""
    await asyncio.sleep(0.5)
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                status = Path(f"/proc/{name}/stat").read_bytes()
            except OSError:
                continue
            parents[int(name)] = int(status.rpartition(b")")[2].split()[1])
    ours = {os.getpid()}
    for _ in parents:
        ours |= {process for process, parent in parents.items() if parent in ours}
    return len(ours) - 1
