"""The store as a whole: its life, its warnings, and that it never blocks a loop."""

import asyncio
import gc
import os
import threading
import time
from pathlib import Path

import pytest

import ai_catalyst.store as package
from ai_catalyst.engine import Batch, LoopGuard
from ai_catalyst.engine.journal import Entry
from ai_catalyst.errors import StoreError
from ai_catalyst.store import RunItem, Store


def test_every_public_name_can_be_imported() -> None:
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        package.nothing  # noqa: B018


def test_it_is_built_without_a_loop_and_used_from_several(path: Path) -> None:
    store = Store(path)
    run = asyncio.run(store.start_run("x"))
    asyncio.run(store.finish_run(run, "done"))
    runs = asyncio.run(store.runs.list())
    assert [r.id for r in runs] == [run]
    asyncio.run(store.close())
    asyncio.run(store.close())
    with pytest.raises(StoreError, match="closed"):
        asyncio.run(store.start_run("x"))


def test_dropped_unclosed_it_warns_and_its_threads_end(path: Path) -> None:
    async def use() -> None:
        store = Store(path)
        await store.start_run("x")
        await store.journal().lease([Entry(b"k")])
        await store.cache.set("api", "k", 1)
        await store.cache.get("api", "other")
        await store.runs.list()
        del store
        gc.collect()

    with pytest.warns(ResourceWarning, match="unclosed store"):
        asyncio.run(use())
    deadline = time.monotonic() + 5
    ours = {"catalyst-writer", "catalyst-reader"}
    while ours & {thread.name for thread in threading.enumerate()}:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_dropped_unused_it_says_nothing(path: Path) -> None:
    Store(path)
    gc.collect()
    assert not path.parent.exists()


async def test_a_batch_runs_on_its_journal_and_resumes(path: Path) -> None:
    calls = []

    async def work(n: int) -> int:
        calls.append(n)
        if n % 50 == 7:
            raise ValueError(n)
        return n * n

    async def run(store: Store, name: str) -> dict[int, object]:
        found = {}
        async with Batch(
            work,
            range(500),
            16,
            journal=store.journal(name, "square"),
            key=lambda n: str(n).encode(),
            encode=lambda value: b"%d" % value,
            decode=int,
            label=str,
        ) as batch:
            async for outcome in batch:
                found[outcome.index] = outcome.value if outcome.ok else type(outcome.error)
        return found

    expected = {n: ValueError if n % 50 == 7 else n * n for n in range(500)}
    async with Store(path) as store:
        assert await run(store, "r1") == expected
        assert len(calls) == 500
    async with Store(path) as store:
        assert await run(store, "r2") == expected
        assert len(calls) == 510
        assert await store.journal("", "square").failed_labels() == [
            str(n) for n in range(500) if n % 50 == 7
        ]


async def test_no_call_makes_the_loop_stand(path: Path) -> None:
    """Measured as the loop's own time in a callback, so that a busy machine does not count."""
    work = [Entry(os.urandom(32), f"{n}.txt") for n in range(5000)]
    with LoopGuard(threshold_s=0.02) as guard:
        async with Store(path) as store:
            journal = store.journal("r", "s")
            await journal.lease(work)
            await journal.commit([(e.key, b"v" * 2000) for e in work])
            await journal.lease(work)
            async with store.run_items("r") as items:
                for n, entry in enumerate(work):
                    await items.add(RunItem(n, entry.label, entry.key))
            async for _ in store.stream_run("r"):
                pass
            await asyncio.gather(*(store.cache.set("api", str(n), "x" * 8000) for n in range(500)))
            await asyncio.gather(*(store.cache.get("api", str(n)) for n in range(500)))
            await store.stats()
            await store.forget("1.txt")
    assert guard.stalls == []


async def test_a_store_stays_usable_while_its_loop_is_blocked(path: Path) -> None:
    async with Store(path) as store:
        await store.start_run("x")
        seen: list[str] = []

        async def from_elsewhere() -> None:
            seen.append(await store.start_run("y"))

        thread = threading.Thread(target=lambda: asyncio.run(from_elsewhere()))
        thread.start()
        thread.join(20)  # the loop here stands still meanwhile; only briefly
        assert len(seen) == 1
