"""A worker of the cluster, called as Ray calls it: numbers in, numbers out."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from real_servers import own_database

from ai_catalyst.analysis.extractive import ExtractiveAnalyst
from ai_catalyst.analysis.pipeline import Pipeline, report_rows
from ai_catalyst.analysis.understanding import STAGE
from ai_catalyst.cluster.charge import Charge, settings_as_text
from ai_catalyst.cluster.node import Ended, Told, Worker, ended_by
from ai_catalyst.cluster.places import as_place
from ai_catalyst.cluster.shard_rows import ShardRows
from ai_catalyst.cluster.shards import Poison, Shard
from ai_catalyst.documents.locating import expand
from ai_catalyst.errors import StoreError
from ai_catalyst.settings import Settings
from ai_catalyst.store.configured import shared_store_of
from ai_catalyst.store.shared import SharedStore

PROSE = "The lamp was cleaned again in the morning. A ship called at noon and left its mail. "


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("CATALYST_HOME", str(tmp_path / "state"))
    for url in own_database("postgres"):
        yield Settings(model="none", database={"url": url})


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[SharedStore]:
    async with shared_store_of(settings) as store:
        yield store


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.txt").write_text(f"{PROSE}{number}")
    return folder


async def planned(store: SharedStore, *sources: Path) -> tuple[str, ShardRows, Shard]:
    """Start a run whose one shard is of some sources."""
    run = await store.start_run("test")
    rows = ShardRows(store.server, run)
    places = tuple(as_place(number, one) for number, one in enumerate(expand(sources)))
    shard = Shard(1, places)
    await rows.put([shard])
    return run, rows, shard


@asynccontextmanager
async def worker(settings: Settings, run: str, **fields: Any) -> AsyncIterator[Worker]:
    options = Pipeline(ExtractiveAnalyst(), None).options  # type: ignore[arg-type]
    charge = Charge(run=run, settings=settings_as_text(settings), options=options, **fields)
    made = Worker(charge, f"node/1.1@{run}")
    try:
        assert await made.open() == Ended.DONE
        yield made
    finally:
        await made.close()


async def uris(store: SharedStore, run: str) -> Sequence[str]:
    return [item.uri.rpartition("/")[2] for item in [one async for one in store.stream_run(run)]]


@pytest.mark.loop_guard(0.5, reason="a test opens stores and loads recognisers in its loop")
async def test_a_shard_becomes_rows_in_source_order_and_numbers_come_back(
    settings: Settings, store: SharedStore, inbox: Path
) -> None:
    run, _, _ = await planned(store, inbox)
    async with worker(settings, run) as made:
        told = Told(*await made.work(1, False))
        again = Told(*await made.work(1, False))
    assert told == Told(1, Ended.DONE, read=6, pages=6, finished=6)
    assert again == told
    assert await uris(store, run) == [f"{number}.txt" for number in range(6)]
    rows = [row async for row in report_rows(store, run)]
    assert [row.position for row in rows] == [1, 2, 3, 4, 5, 6]


@pytest.mark.loop_guard(0.5, reason="a test opens stores and loads recognisers in its loop")
async def test_alone_means_one_document_after_the_other_and_the_same_rows(
    settings: Settings, store: SharedStore, inbox: Path
) -> None:
    run, _, _ = await planned(store, inbox)
    async with worker(settings, run) as made:
        assert Told(*await made.work(1, True)).finished == 6
    assert await uris(store, run) == [f"{number}.txt" for number in range(6)]


@pytest.mark.loop_guard(0.5, reason="a test opens stores and loads recognisers in its loop")
async def test_poison_is_left_out_with_its_reason_until_it_is_forgiven(
    settings: Settings, store: SharedStore, inbox: Path
) -> None:
    run, rows, shard = await planned(store, inbox)
    await rows.poison(STAGE, Poison(shard.places[2].uri, b"", 2), "it kills")
    async with worker(settings, run) as made:
        assert Told(*await made.work(1, False)).failed == 1
        found = {item.uri[-5:]: item.error async for item in store.stream_run(run) if item.error}
        assert found == {"2.txt": "WorkerCrashed: it kills"}
        assert await rows.causes() == {"WorkerCrashed"}
        assert await rows.failures(9) == [(shard.places[2].uri, "WorkerCrashed: it kills")]
        assert await rows.failures(0) == []
        await rows.forgive(run)
        assert Told(*await made.work(1, False)).failed == 0
    assert await rows.totals() == (6, 0)
    assert await rows.done_now() == 6


@pytest.mark.loop_guard(0.5, reason="a test opens stores and loads recognisers in its loop")
async def test_only_what_an_earlier_run_named_is_taken_when_that_is_asked(
    settings: Settings, store: SharedStore, inbox: Path
) -> None:
    before, _, _ = await planned(store, inbox / "1.txt", inbox / "4.txt")
    async with worker(settings, before) as made:
        await made.work(1, False)
    run, _, _ = await planned(store, inbox)
    async with worker(settings, run, only_of=before) as made:
        assert Told(*await made.work(1, False)).finished == 2
    assert await uris(store, run) == ["1.txt", "4.txt"]


@pytest.mark.loop_guard(0.5, reason="a test opens stores and loads recognisers in its loop")
async def test_a_folder_that_is_not_there_is_the_nodes_fault_and_named(
    settings: Settings, store: SharedStore, inbox: Path
) -> None:
    run, rows, shard = await planned(store, inbox)
    inbox.rename(inbox.with_name("elsewhere"))
    async with worker(settings, run) as made:
        assert Told(*await made.work(1, False)) == Told(1, Ended.UNSEEN)
    assert str(inbox) in await rows.error_of(shard)
    assert "node/1" in await rows.error_of(shard)


@pytest.mark.loop_guard(0.5, reason="a test opens stores and loads recognisers in its loop")
async def test_a_file_that_has_gone_fails_alone(
    settings: Settings, store: SharedStore, inbox: Path
) -> None:
    run, _, _ = await planned(store, inbox)
    (inbox / "3.txt").unlink()
    async with worker(settings, run) as made:
        assert Told(*await made.work(1, False))[1:] == (Ended.DONE, 5, 1, 5, 6, 1)


@pytest.mark.loop_guard(0.5, reason="a test opens stores and loads recognisers in its loop")
async def test_a_worker_that_is_told_to_stop_gives_everything_back(
    settings: Settings, store: SharedStore, inbox: Path
) -> None:
    os.mkfifo(inbox / "never.txt")  # nobody writes: but it is no file, so it fails at once
    for number in range(200):
        (inbox / f"more-{number}.txt").write_text(f"{PROSE * 40}{number}")
    run, _, _ = await planned(store, inbox)
    async with worker(settings, run) as made:
        async with asyncio.TaskGroup() as group:
            work = group.create_task(made.work(1, False))
            while not any(Told(*each).finished for each in await made.counts()):
                await asyncio.sleep(0.01)
            await made.close()
        assert Told(*work.result()).ended == Ended.STOPPED
    assert not await store.in_flight(run)


@pytest.mark.loop_guard(0.5, reason="a test opens stores and loads recognisers in its loop")
async def test_a_worker_that_would_analyse_otherwise_says_so(
    settings: Settings, store: SharedStore, inbox: Path
) -> None:
    run, _, _ = await planned(store, inbox)
    made = Worker(Charge(run=run, settings=settings_as_text(settings), options="other"), "n/1")
    assert await made.open() == Ended.UNLIKE
    await made.close()


async def test_a_database_that_is_not_there_is_a_number_too(settings: Settings) -> None:
    settings.database.url = type(settings.database.url)("postgresql://nobody@127.0.0.1:9/x")  # type: ignore[misc]
    made = Worker(Charge(run="r", settings=settings_as_text(settings), options=""), "n/1")
    opened = await made.open()
    worked = Told(*await made.work(1, False)).ended if opened == Ended.DONE else opened
    assert worked in {Ended.STORE, Ended.UNLIKE}
    await made.close()


def test_a_full_disk_is_told_from_other_faults() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t(x)")
    connection.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError) as full:
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    error = StoreError("the store cannot be written")
    error.__cause__ = full.value
    assert ended_by(error) is Ended.DISK_FULL
    assert ended_by(OSError(28, "No space left on device")) is Ended.DISK_FULL
    assert ended_by(StoreError("locked")) is Ended.STORE
    assert ended_by(ValueError("a mistake")) is Ended.FAILED


@pytest.mark.loop_guard(0.5, reason="a test opens stores and loads recognisers in its loop")
async def test_two_shards_at_once_are_both_done_and_read_one_after_the_other(
    settings: Settings, store: SharedStore, inbox: Path
) -> None:
    run, rows, shard = await planned(store, inbox)
    await rows.put([Shard(2, shard.places[3:]), Shard(1, shard.places[:3])])
    async with worker(settings, run) as made:
        told = await asyncio.gather(made.work(1, False), made.work(2, False), made.work(7, False))
    assert [Told(*each)[:3] for each in told] == [
        (1, Ended.DONE, 3),
        (2, Ended.DONE, 3),
        (7, Ended.STORE, 0),  # there is no such shard, and nobody waits for it
    ]
    assert await uris(store, run) == [f"{number}.txt" for number in range(6)]
