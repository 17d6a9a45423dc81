"""Forgetting: the document, all that came of it, and every trace in the file."""

import asyncio
import random
from pathlib import Path

import pytest
from shelf import Shelf

from ai_catalyst.engine.journal import Entry, State, journal_key
from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.store import RunItem, RunStore, Store, origin
from ai_catalyst.store.forget import Target


def key(name: str) -> bytes:
    return journal_key("x", 1, b"", name.encode("utf-8", "surrogateescape"))


async def keep(store: RunStore, uris: list[str], *, run: str = "", mark: str = "value") -> None:
    """Do for some documents what a run does."""
    journal = store.journal(run, "x")
    await journal.lease([Entry(key(uri), uri) for uri in uris])
    await journal.commit(
        [(key(uri), f"{mark} of {uri}".encode("utf-8", "replace")) for uri in uris]
    )
    await store.add_run_items(
        run or "r", [RunItem(n, uri, key(uri), mark) for n, uri in enumerate(uris)]
    )
    for uri in uris:
        token = origin.set(uri)
        await store.cache.set("api", f"prompt for {uri}", f"{mark} answer")
        origin.reset(token)


async def left(store: RunStore) -> set[str]:
    """Return the URIs that stand anywhere."""
    sql = (
        "SELECT label FROM journal UNION SELECT uri FROM run_items UNION SELECT label FROM cache "
        "UNION SELECT url FROM articles UNION SELECT label FROM shared_leases"
    )
    here = store if isinstance(store, Store) else store._local
    places = {store.runs, here.runs}
    return {row[0] for runs in places for row in await runs._driver.rows(sql)}


def traces(path: Path, mark: str) -> int:
    return sum(
        file.read_bytes().count(mark.encode()) for file in path.parent.iterdir() if file.is_file()
    )


async def test_a_document_is_forgotten_with_its_parts_and_nothing_else(either: RunStore) -> None:
    uris = ["in/a.txt", "in/a.txt#1", "in/a.txt#2", "in/a.txt2", "in/b.txt", "IN/A.TXT"]
    await keep(either, uris)
    forgotten = await either.forget("in/a.txt")
    assert forgotten.documents == 3
    assert forgotten.rows >= 3 * 3
    assert await left(either) == {"in/a.txt2", "in/b.txt", "IN/A.TXT"}
    assert await either.cache.get("api", "prompt for in/a.txt") is None
    assert await either.cache.get("api", "prompt for in/b.txt") == "value answer"
    claims = await either.journal().lease([Entry(key(uri), uri) for uri in uris])
    assert [claim.state for claim in claims[:3]] == [State.LEASED] * 3
    assert [claim.state for claim in claims[3:]] == [State.DONE] * 3


async def test_a_folder_is_forgotten_with_everything_below_it(either: RunStore) -> None:
    await keep(either, ["in/a.txt", "in/deep/b.txt", "inbox/c.txt", "in"])
    assert (await either.forget("in/")).documents == 2
    assert await left(either) == {"inbox/c.txt", "in"}


async def test_no_trace_stays_in_any_file(store: Store, path: Path) -> None:
    """Pages were split, rows rewritten and moved, values overflowed: copies lie everywhere."""
    order = random.Random(7)
    for _ in range(12):
        uris = [f"in/{order.randrange(10**9)}.txt" for _ in range(60)]
        mark = order.choice(["SECRETMARK", "harmless"]) * order.choice([1, 30, 900])
        await keep(store, [f"{mark[:5]}/{uri}" for uri in uris], run=str(order.random()), mark=mark)
    await store.writer.maintain(lambda c: c.execute("PRAGMA wal_checkpoint"))
    assert await asyncio.to_thread(traces, path, "SECRETMARK") > 0
    await store.forget("SECRE/")
    assert await asyncio.to_thread(traces, path, "SECRETMARK") == 0
    assert await asyncio.to_thread(traces, path, "SECRE") == 0
    assert await asyncio.to_thread(traces, path, "harmless") > 0


async def test_a_run_is_forgotten_with_its_documents(either: RunStore) -> None:
    first, second = await either.start_run("a"), await either.start_run("b")
    await keep(either, ["a.txt", "both.txt"], run=first)
    await keep(either, ["b.txt"], run=second)
    await either.add_run_items(second, [RunItem(5, "both.txt", key("both.txt"))])
    await either.forget(first)
    assert await left(either) == {"b.txt"}
    assert [run.id for run in await either.runs.list()] == [second]


async def test_the_result_of_an_equal_document_goes_too(either: RunStore) -> None:
    await keep(either, ["a.txt"])
    await either.add_run_items("r2", [RunItem(0, "copy.txt", key("a.txt"))])
    await either.forget("copy.txt")
    claims = await either.journal().lease([Entry(key("a.txt"), "a.txt")])
    assert claims[0].state is State.LEASED


async def test_what_is_older_is_forgotten_and_what_is_newer_stays(shelf: Shelf) -> None:
    now = [1_000_000.0]
    async with shelf.open(clock=lambda: now[0]) as store:
        old = await store.start_run("old")
        await keep(store, ["old.txt"], run=old)
        now[0] += 1000
        new = await store.start_run("new")
        await keep(store, ["new.txt"], run=new)
        forgotten = await store.forget(older_than_s=500)
        assert forgotten.documents == 1
        assert await left(store) == {"new.txt"}
        assert [run.id for run in await store.runs.list()] == [new]
        assert (await store.forget(older_than_s=500)).rows == 0


async def test_what_a_live_run_works_on_is_not_forgotten(either: RunStore, shelf: Shelf) -> None:
    async with shelf.open() as other:
        await keep(either, ["a.txt", "b.txt"])
        await other.journal().lease([Entry(key("new"), "a.txt#4")])
        with pytest.raises(StoreError, match="a run is working"):
            await either.forget("a.txt")
        assert "a.txt" in await left(either)
        await either.forget("b.txt")
    await either.forget("a.txt")
    assert await left(either) == set()


async def test_what_could_not_be_erased_is_erased_the_next_time(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(store, ["a.txt"], mark="SECRETMARK" * 50)
    await store.writer.maintain(lambda c: c.execute("PRAGMA wal_checkpoint"))
    with monkeypatch.context() as patched:  # as if killed in between
        patched.setattr("ai_catalyst.store.store.erase", lambda *_: None)
        await store.forget("a.txt")
    assert await asyncio.to_thread(traces, path, "SECRETMARK") > 0
    assert (await store.forget("a.txt")).rows == 0
    assert await asyncio.to_thread(traces, path, "SECRETMARK") == 0


async def test_a_reader_in_the_way_is_named_as_the_reason(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai_catalyst.store.forget._CHECKPOINT_S", 0.05)
    await keep(store, ["a.txt", "b.txt"], mark="SECRETMARK")
    await store.add_run_items("many", [RunItem(n, f"{n}.txt") for n in range(1000)])
    rows = store.stream("SELECT uri FROM run_items")
    await anext(rows)
    with pytest.raises(StoreError, match="forgotten, but another process still reads"):
        await store.forget("a.txt")
    await rows.aclose()
    await store.forget("a.txt")
    await store.forget("b.txt")
    assert await asyncio.to_thread(traces, path, "SECRETMARK") == 0


async def test_forgetting_what_is_not_there_changes_nothing(either: RunStore) -> None:
    await keep(either, ["a.txt"])
    assert (await either.forget("nothing")).rows == 0
    assert await left(either) == {"a.txt"}


@pytest.mark.parametrize("target", [{}, {"name": ""}, {"name": "x", "before": 1.0}])
def test_a_target_names_one_thing(target: dict) -> None:
    with pytest.raises(UserError, match="one of them"):
        Target(**target)


async def test_surrogates_in_a_name_are_found(either: RunStore) -> None:
    await keep(either, ["in/\udcff.txt"])
    assert (await either.forget("in/\udcff.txt")).documents == 1
    assert await left(either) == set()
