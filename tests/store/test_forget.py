"""Forgetting: the document, all that came of it, and every trace in the file."""

import asyncio
import random
from pathlib import Path

import pytest

from ai_catalyst.engine.journal import Entry, State, journal_key
from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.store import RunItem, Store, origin
from ai_catalyst.store.forget import Target


def key(name: str) -> bytes:
    return journal_key("x", 1, b"", name.encode("utf-8", "surrogateescape"))


async def keep(store: Store, uris: list[str], *, run: str = "", mark: str = "value") -> None:
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


async def left(store: Store) -> set[str]:
    """Return the URIs that stand anywhere."""
    sql = (
        "SELECT label FROM journal UNION SELECT uri FROM run_items UNION SELECT label FROM cache "
        "UNION SELECT url FROM articles"
    )
    return {row[0] for row in await store.read(lambda c: c.execute(sql).fetchall())}


def traces(path: Path, mark: str) -> int:
    return sum(
        file.read_bytes().count(mark.encode()) for file in path.parent.iterdir() if file.is_file()
    )


async def test_a_document_is_forgotten_with_its_parts_and_nothing_else(store: Store) -> None:
    uris = ["in/a.txt", "in/a.txt#1", "in/a.txt#2", "in/a.txt2", "in/b.txt", "IN/A.TXT"]
    await keep(store, uris)
    forgotten = await store.forget("in/a.txt")
    assert forgotten.documents == 3
    assert forgotten.rows >= 3 * 3
    assert await left(store) == {"in/a.txt2", "in/b.txt", "IN/A.TXT"}
    assert await store.cache.get("api", "prompt for in/a.txt") is None
    assert await store.cache.get("api", "prompt for in/b.txt") == "value answer"
    claims = await store.journal().lease([Entry(key(uri), uri) for uri in uris])
    assert [claim.state for claim in claims[:3]] == [State.LEASED] * 3
    assert [claim.state for claim in claims[3:]] == [State.DONE] * 3


async def test_a_folder_is_forgotten_with_everything_below_it(store: Store) -> None:
    await keep(store, ["in/a.txt", "in/deep/b.txt", "inbox/c.txt", "in"])
    assert (await store.forget("in/")).documents == 2
    assert await left(store) == {"inbox/c.txt", "in"}


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


async def test_a_run_is_forgotten_with_its_documents(store: Store) -> None:
    first, second = await store.start_run("a"), await store.start_run("b")
    await keep(store, ["a.txt", "both.txt"], run=first)
    await keep(store, ["b.txt"], run=second)
    await store.add_run_items(second, [RunItem(5, "both.txt", key("both.txt"))])
    await store.forget(first)
    assert await left(store) == {"b.txt"}
    assert [run.id for run in await store.runs.list()] == [second]


async def test_the_result_of_an_equal_document_goes_too(store: Store) -> None:
    await keep(store, ["a.txt"])
    await store.add_run_items("r2", [RunItem(0, "copy.txt", key("a.txt"))])
    await store.forget("copy.txt")
    claims = await store.journal().lease([Entry(key("a.txt"), "a.txt")])
    assert claims[0].state is State.LEASED


async def test_what_is_older_is_forgotten_and_what_is_newer_stays(path: Path) -> None:
    now = [1_000_000.0]
    async with Store(path, clock=lambda: now[0]) as store:
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


async def test_what_a_live_run_works_on_is_not_forgotten(store: Store, path: Path) -> None:
    async with Store(path) as other:
        await keep(store, ["a.txt", "b.txt"])
        await other.journal().lease([Entry(key("new"), "a.txt#4")])
        with pytest.raises(StoreError, match="a run is working"):
            await store.forget("a.txt")
        assert "a.txt" in await left(store)
        await store.forget("b.txt")
    await store.forget("a.txt")
    assert await left(store) == set()


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


async def test_forgetting_what_is_not_there_changes_nothing(store: Store) -> None:
    await keep(store, ["a.txt"])
    assert (await store.forget("nothing")).rows == 0
    assert await left(store) == {"a.txt"}


@pytest.mark.parametrize("target", [{}, {"name": ""}, {"name": "x", "before": 1.0}])
def test_a_target_names_one_thing(target: dict) -> None:
    with pytest.raises(UserError, match="one of them"):
        Target(**target)


async def test_surrogates_in_a_name_are_found(store: Store) -> None:
    await keep(store, ["in/\udcff.txt"])
    assert (await store.forget("in/\udcff.txt")).documents == 1
    assert await left(store) == set()
