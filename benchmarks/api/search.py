"""Full-text search over 100,000 passages, against the same FTS5 query on a bare connection."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import statistics
import tempfile
import time
from functools import partial
from itertools import accumulate
from pathlib import Path

from ai_catalyst.store.scripts import Script, open_driver
from ai_catalyst.store.search import NewPassage, PassageSearch, add_passages, words_of

QUESTIONS = 300
AT_ONCE = 10
"""Documents of 500 passages that are put in with one transaction."""


def run(options: object) -> None:
    asyncio.run(measure(options.passages))


async def measure(size: int) -> None:
    chance = random.Random(7)
    # Words as in speech: few are common, most are rare.
    words = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "bdgklmnrst"]
    words += [f"{one}{two}" for one in words[:120] for two in words[:40]]
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
    with tempfile.TemporaryDirectory() as name:
        driver = open_driver(Path(name) / "catalyst.db")
        search = PassageSearch(driver)
        for first in range(0, size // 500, AT_ONCE):
            documents = range(first, min(first + AT_ONCE, size // 500))
            drawn = chance.choices(words, cum_weights=weights, k=60 * 500 * len(documents))
            await driver.write(partial(_documents, documents, drawn))
        questions = [
            " ".join(chance.choices(words, cum_weights=weights, k=9)) for _ in range(QUESTIONS)
        ]
        raw = sqlite3.connect(Path(name) / "catalyst.db", check_same_thread=False)
        ours: list[float] = []
        bare: list[float] = []
        for question in questions:
            started = time.perf_counter()
            hits = await search.search(question, ["shared", "someone"])
            ours.append(time.perf_counter() - started)
            assert hits
            match = " OR ".join(f'"{word}"' for word in words_of(question))
            started = time.perf_counter()
            raw.execute(
                "SELECT rowid, rank FROM passages_search WHERE passages_search MATCH ? "
                "ORDER BY rank LIMIT 10",
                (match,),
            ).fetchall()
            bare.append(time.perf_counter() - started)
        raw.close()
        await driver.close()
    p95 = [statistics.quantiles(times, n=20)[18] * 1000 for times in (ours, bare)]
    p50 = [statistics.median(times) * 1000 for times in (ours, bare)]
    print(
        f"{size:,} passages: p50 {p50[0]:.1f} ms (raw FTS5 {p50[1]:.1f}), "
        f"p95 {p95[0]:.1f} ms (raw {p95[1]:.1f}): {p95[0] / p95[1]:.2f}x"
    )


def _documents(numbers: range, drawn: list[str]) -> Script[None]:
    for place, number in enumerate(numbers):
        texts = [drawn[n * 60 : n * 60 + 60] for n in range(place * 500, place * 500 + 500)]
        passages = [NewPassage(" ".join(text), f"part {n}") for n, text in enumerate(texts)]
        collection = "shared" if number % 2 else "someone"
        yield from add_passages(collection, f"d:{number}", passages, postgres=False)
