"""Runs and their items: complete, in source order, with what the journal has."""

import asyncio

import pytest
from shelf import Shelf

from ai_catalyst.engine.journal import Entry, journal_key
from ai_catalyst.store import RunItem, RunStore, Store


def key(n: int) -> bytes:
    return journal_key("x", 1, b"", str(n))


async def test_a_run_is_read_back_in_source_order_with_its_values(either: RunStore) -> None:
    journal = either.journal("", "x")
    await journal.lease([Entry(key(n), f"{n}.txt") for n in range(700)])
    await journal.commit([(key(n), b"value %d" % n) for n in range(600)])
    await journal.fail([(key(n), "FileError: broken") for n in range(600, 700)])
    run = await either.start_run("run inbox/", options="abc")
    async with either.run_items(run) as items:
        for n in reversed(range(700)):
            await items.add(
                RunItem(n, f"{n}.txt", key(n), f"Title {n}", "text", "h", None, {"pages": n})
            )
        await items.add(RunItem(700, "bad.pdf", error="FileError: encrypted"))
    found = [item async for item in either.stream_run(run)]
    assert [item.position for item in found] == list(range(701))
    assert found[5] == RunItem(
        5, "5.txt", key(5), "Title 5", "text", "h", None, {"pages": 5}, b"value 5"
    )
    assert (found[650].value, found[650].error) == (None, "FileError: broken")
    assert (found[700].value, found[700].error) == (None, "FileError: encrypted")


async def test_items_are_written_also_when_the_run_is_interrupted(either: RunStore) -> None:
    run = await either.start_run("x")
    with pytest.raises(asyncio.CancelledError):
        async with either.run_items(run) as items:
            await items.add(RunItem(0, "a.txt"))
            raise asyncio.CancelledError
    assert [item.uri async for item in either.stream_run(run)] == ["a.txt"]


async def test_an_item_written_again_takes_the_place_of_the_first(either: RunStore) -> None:
    run = await either.start_run("x")
    await either.add_run_items(run, [RunItem(0, "a.txt", error="no")])
    await either.add_run_items(run, [RunItem(0, "a.txt", title="now"), RunItem(1, "b.txt")])
    assert [item async for item in either.stream_run(run)] == [
        RunItem(0, "a.txt", title="now"),
        RunItem(1, "b.txt"),
    ]


async def test_equal_documents_share_a_value(either: RunStore) -> None:
    await either.journal().commit([(key(1), b"same")])
    run = await either.start_run("x")
    await either.add_run_items(run, [RunItem(0, "a.txt", key(1)), RunItem(1, "b.txt", key(1))])
    assert [(i.uri, i.value) async for i in either.stream_run(run)] == [
        ("a.txt", b"same"),
        ("b.txt", b"same"),
    ]


async def test_keys_with_equal_hashes_keep_their_own_values(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai_catalyst.store.journal_rows.crc32", lambda _: 7)
    one, two = b"1" * 32, b"2" * 32
    await store.journal().commit([(two, b"two"), (one, b"one")])
    run = await store.start_run("x")
    await store.add_run_items(
        run, [RunItem(0, "a", one), RunItem(1, "b", two), RunItem(2, "c", b"s")]
    )
    assert [i.value async for i in store.stream_run(run)] == [b"one", b"two", None]


async def test_runs_are_listed_newest_first(shelf: Shelf) -> None:
    times = iter([1000.0, 1001.0, 2000.0])
    async with shelf.open(clock=lambda: next(times)) as store:
        first = await store.start_run("run a")
        await store.finish_run(first, "done", {"done": 3})
        second = await store.start_run("run b \udcff", options="o")
        runs = await store.runs.list()
    assert [run.id for run in runs] == [second, first]
    assert first.startswith("19700101-001640-")
    assert (runs[1].status, runs[1].counts, runs[1].finished) == ("done", {"done": 3}, 1001.0)
    assert (runs[0].status, runs[0].command, runs[0].options) == ("running", "run b \\udcff", "o")


async def test_only_the_newest_runs_keep_their_items(either: RunStore) -> None:
    runs = [await either.start_run("x") for _ in range(4)]
    for run in runs:
        await either.add_run_items(run, [RunItem(0, "a.txt")])
        await either.finish_run(run, "done")
    await either.prune_runs(2)
    left = [run for run in runs if [item async for item in either.stream_run(run)]]
    assert len(left) == 2
    assert len(await either.runs.list()) == 4


async def test_a_run_that_may_still_go_on_keeps_its_items_for_a_week(shelf: Shelf) -> None:
    days = iter([0.0, 8.0, 9.0, 9.0, 9.0, 9.0, 9.0])
    async with shelf.open(clock=lambda: next(days) * 86_400) as store:
        forsaken, slow, newer = [await store.start_run("x") for _ in range(3)]
        for run in (forsaken, slow, newer):
            await store.add_run_items(run, [RunItem(0, "a.txt")])
        await store.finish_run(newer, "done")
        await store.prune_runs(1)
        left = [r for r in (forsaken, slow, newer) if [i async for i in store.stream_run(r)]]
    assert left == [slow, newer]


async def test_a_run_that_never_was_has_no_items(either: RunStore) -> None:
    assert [item async for item in either.stream_run("nothing")] == []
