"""Results into PostgreSQL: rows a second that are leased, committed, and met again as done.

A row is a content hash of 32 bytes, a URI and a result of 600 bytes; a group is what the engine
hands to the journal at once. It runs on a database of its own, which is dropped afterwards.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ai_catalyst.engine.journal import Entry
from ai_catalyst.store import SharedStore, Store

POSTGRES = os.environ.get(
    "CATALYST_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/test"
).replace("+asyncpg", "")
ROWS = 50_000
GROUP = 1024
VALUE = bytes(600)
ROUNDS = 3

Groups = list[list[Entry]]
Step = Callable[[Any, list[Entry]], Awaitable[object]]


def run(options: Any) -> None:
    """Measure and print."""
    asyncio.run(_run())


async def _run() -> None:
    name = f"catalyst_benchmark_{uuid.uuid4().hex[:8]}"
    await _tell(f"CREATE DATABASE {name}")
    try:
        with tempfile.TemporaryDirectory() as folder:
            url = urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()
            async with SharedStore(url, local=Store(Path(folder) / "local.db")) as store:
                await store.spent_usd()
                await _measure(store)
    finally:
        await _tell(f"DROP DATABASE {name} WITH (FORCE)")


async def _measure(store: SharedStore) -> None:
    rates: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        fresh, others = _groups(f"{number}a"), _groups(f"{number}b")
        for what, step, groups, clients in (
            ("upsert by content hash", _commit, others, 1),
            ("the same rows again, kept as they are", _commit, others, 1),
            ("lease", _lease, fresh, 1),
            ("commit what was leased", _commit, fresh, 1),
            ("met again as done", _lease, fresh, 1),
            ("upsert by content hash, 3 at once", _commit, _groups(f"{number}c"), 3),
        ):
            journal = store.journal("run", "stage")
            rates.setdefault(what, []).append(await _rate(journal, step, groups, clients))
    for what, seen in rates.items():
        print(
            f"{what:<40} {statistics.median(seen):>9,.0f} rows/s "
            f"({min(seen):,.0f} to {max(seen):,.0f} in {ROUNDS} rounds of {ROWS:,})"
        )


async def _rate(journal: Any, step: Step, groups: Groups, clients: int) -> float:
    rest = iter(groups)

    async def client() -> None:
        for group in rest:
            await step(journal, group)

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return sum(map(len, groups)) / (time.perf_counter() - started)


async def _commit(journal: Any, group: Sequence[Entry]) -> None:
    await journal.commit([(entry.key, VALUE) for entry in group])


async def _lease(journal: Any, group: Sequence[Entry]) -> None:
    await journal.lease(group)


def _groups(name: str) -> Groups:
    entries = [
        Entry(hashlib.sha256(f"{name}/{n}".encode()).digest(), f"inbox/{name}/{n}.txt")
        for n in range(ROWS)
    ]
    return [entries[start : start + GROUP] for start in range(0, ROWS, GROUP)]


async def _tell(statement: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(POSTGRES)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
