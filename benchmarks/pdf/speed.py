"""How fast PDFs are read: batches against one process of pypdf, pdfplumber and pypdfium2.

All do the same: the text of every page of every file. Ours goes all the way through
`AsyncBatchProcessor`, an extractor of the user's included; the peers are plain loops. They take
turns, and each ratio is of neighbours in time. A warm pool is one that has read before.
"""

import asyncio
import os
import statistics
import time
from pathlib import Path

from benchmarks.pdf import corpora

from ai_catalyst.engine import WorkerPool
from ai_catalyst.guard import LoopGuard
from ai_catalyst.pdf import AsyncBatchProcessor, AsyncPDFProcessor, BatchResult, TextExtractor

FILES_OF_MEMORY = 1000
REPEATED = 8
LEAST_STALL_S = 0.005


class Letters:
    """The extractor of a user who only counts."""

    def extract(self, text, fields):
        return {"letters": len(text)}


# The peers.


def by_pypdfium2(files):
    import pypdfium2

    pages = 0
    for file in files:
        pdf = pypdfium2.PdfDocument(file)
        for number in range(len(pdf)):
            page = pdf[number]
            text = page.get_textpage()
            text.get_text_range()
            text.close()
            page.close()
            pages += 1
        pdf.close()
    return pages


def by_pypdf(files):
    import pypdf

    pages = 0
    for file in files:
        for page in pypdf.PdfReader(file).pages:
            page.extract_text()
            pages += 1
    return pages


def by_pdfplumber(files):
    import pdfplumber

    pages = 0
    for file in files:
        with pdfplumber.open(file) as pdf:
            for page in pdf.pages:
                page.extract_text()
                page.close()
                pages += 1
    return pages


async def by_us(files, pool):
    """Read in a batch; returns the pages."""
    reader = TextExtractor(pool=pool, ocr="never")
    batch = AsyncBatchProcessor(AsyncPDFProcessor(text_extractor=reader), 5)
    results = await batch.process_batch(files, Letters(), ["letters"])
    assert all(result.success for result in results), next(r for r in results if not r.success)
    return sum(result.pages for result in results)


async def by_one_worker(files, pool):
    """Read one file after another, without a batch."""
    reader = TextExtractor(pool=pool, ocr="never")
    return sum([(await reader.read_async(file)).count for file in files])


# Measuring.


async def rate(read, *args):
    """Return pages a second."""
    start = time.perf_counter()
    found = read(*args)
    pages = await found if asyncio.iscoroutine(found) else found
    return pages / (time.perf_counter() - start)


async def against(ours, peer, rounds):
    """Return the median of our rate by the peer's, the range, and our median rate."""
    ratios, rates = [], []
    for _ in range(rounds):
        before = await rate(*peer)
        mine = await rate(*ours)
        after = await rate(*peer)
        ratios.append(2 * mine / (before + after))
        rates.append(mine)
    return statistics.median(ratios), min(ratios), max(ratios), statistics.median(rates)


def show(what, found, wanted):
    middle, low, high, pages = found
    print(f"| {what} | {middle:.2f}× | {low:.2f}–{high:.2f} | {pages:,.0f} | {wanted} |")


async def ratios(folder, rounds):
    """Print the rows that compare."""
    real = corpora.ordinary(folder)
    large = corpora.write(folder, "large", 4, 300, 40)
    tiny = corpora.write(folder, "tiny", FILES_OF_MEMORY, 1, 20)
    print("| batch of ours against | ratio | rounds | our pages/s | wanted |")
    print("| --- | ---: | ---: | ---: | ---: |")
    async with WorkerPool() as pool:
        for files in (real, large, tiny):  # warm
            await by_us(files, pool)
        ours = (by_us, real * REPEATED, pool)
        found = await against(ours, (by_pypdf, real), rounds)
        show("pypdf, one process, real files", found, "≥ 15×, 20×")
        found = await against(ours, (by_pdfplumber, real), rounds)
        show("pdfplumber, one process, real files", found, "≥ 60×, 80×")
        found = await against((by_us, large, pool), (by_pypdfium2, large), rounds)
        show("pypdfium2, one process, large documents", found, "≥ 1.8×, 1.95×")
        found = await against((by_us, tiny, pool), (by_pypdfium2, tiny), rounds)
        show("pypdfium2, one process, many tiny files", found, "≥ 1.4×, 1.7×")
        await loop_and_memory(tiny, pool)
    async with WorkerPool(1) as pool:
        await by_one_worker(large[:1], pool)
        found = await against((by_one_worker, large, pool), (by_pypdfium2, large), rounds)
        show("one worker against a pypdfium2 loop", found, "≥ 0.85×, 0.95×")


async def loop_and_memory(files, pool):
    """Print how long one callback held the loop, and how much this process grew over a batch."""
    before = resident()
    with LoopGuard(threshold_s=LEAST_STALL_S) as guard:
        await by_us(files, pool)
    grown = (resident() - before) / 2**20
    worst = max((seconds for seconds, _ in guard.stalls), default=None)
    told = f"{worst * 1e3:.1f} ms" if worst else f"< {LEAST_STALL_S * 1e3:.0f} ms"
    print(f"| longest stall of the loop over {len(files)} files | {told} | | | < 50 ms, 10 ms |")
    print(f"| growth of this process over them | {grown:.1f} MB | | | < 50 MB, 20 MB |")


def resident():
    """Return this process's memory in bytes."""
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


class Waiting:
    """A processor whose files take 100 ms each."""

    async def process_file(self, file, extractor, fields, method):
        await asyncio.sleep(0.1)
        return BatchResult(file, True)


async def concurrency():
    """Print what ten jobs of 100 ms gain."""

    async def seconds(limit):
        start = time.perf_counter()
        await AsyncBatchProcessor(Waiting(), limit).process_batch([str(n) for n in range(10)])
        return time.perf_counter() - start

    for limit, wanted in ((3, "≥ 2.4×, 2.48×"), (5, "≥ 4.8×, 4.95×")):
        found = [await seconds(1) / await seconds(limit) for _ in range(3)]
        middle = statistics.median(found)
        print(
            f"| ten 100-ms jobs, {limit} at once | {middle:.2f}× "
            f"| {min(found):.2f}–{max(found):.2f} | | {wanted} |"
        )


async def run(folder, rounds):
    await ratios(folder, rounds)
    await concurrency()
