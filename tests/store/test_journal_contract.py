"""What a journal promises, in a file and in a shared database alike."""

import asyncio
import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_work import BUSY, LEASED, done, entries
from real_servers import empty_tables
from shelf import Shelf

from ai_catalyst.engine.journal import Claim, Entry, Journal
from ai_catalyst.errors import StoreError
from ai_catalyst.store import RunStore, Store, packing


async def table(
    shelf: Shelf, store: RunStore, columns: str = "key, label, state, value, error"
) -> list[tuple[Any, ...]]:
    return await shelf.rows(store, f"SELECT {columns} FROM journal ORDER BY id")


def is_running(store: RunStore) -> bool:
    return store.writer.running if isinstance(store, Store) else store._server.running


async def test_what_is_committed_is_done_for_the_next_run(shelf: Shelf) -> None:
    work = entries(300)
    async with shelf.open() as store:
        journal = store.journal("r1", "read")
        assert await journal.lease(work) == [LEASED] * 300
        await journal.commit([(e.key, e.label.encode()) for e in work[:200]])
        await journal.fail([(e.key, "FileError: no such file") for e in work[200:250]])
    async with shelf.open() as store:
        journal = store.journal("r2", "read")
        claims = await journal.lease(work)
        assert claims[:200] == [done(e.label.encode()) for e in work[:200]]
        assert claims[200:] == [LEASED] * 100
        assert sorted(await journal.failed_labels()) == sorted(e.label for e in work[200:250])
        assert await journal.counts() == {"done": 200, "failed": 50}
        assert await store.journal("r2", "other").counts() == {"done": 0, "failed": 0}


async def test_a_held_key_is_busy_for_everybody_also_for_us(either: RunStore, shelf: Shelf) -> None:
    work = entries(3)
    journal = either.journal()
    assert await journal.lease([work[0], work[1], work[0]]) == [LEASED, LEASED, BUSY]
    assert await journal.lease(work) == [BUSY, BUSY, LEASED]
    assert await either.journal("other").lease(work[:1]) == [BUSY]
    async with shelf.open() as other:
        assert await other.journal().lease(work) == [BUSY] * 3


async def test_what_is_released_or_failed_can_be_leased_again(
    either: RunStore, shelf: Shelf
) -> None:
    work = entries(4)
    journal = either.journal()
    await journal.lease(work)
    await journal.release([work[0].key])
    await journal.fail([(work[1].key, "no")])
    async with shelf.open() as other:
        theirs = other.journal("r2", "read")
        assert await theirs.lease(work) == [LEASED, LEASED, BUSY, BUSY]
        await theirs.commit([(work[1].key, b"done now")])
        await theirs.fail([(work[0].key, "now this one")])
    rows = await table(shelf, either, "label, state, value, error")
    assert rows == [
        ("item-1.txt", "done", b"done now", None),
        ("item-0.txt", "failed", None, "now this one"),
    ]


async def test_a_journal_releases_only_what_it_leased(either: RunStore) -> None:
    work = entries(1)
    await either.journal("a").lease(work)
    await either.journal("b").release([work[0].key])
    assert await either.journal("b").lease(work) == [BUSY]


async def test_closing_gives_every_lease_back(either: RunStore, shelf: Shelf) -> None:
    work = entries(10)
    async with shelf.open() as other:
        await other.journal().lease(work)
        assert await either.journal().lease(work) == [BUSY] * 10
    assert await either.journal().lease(work) == [LEASED] * 10


async def test_a_cancelled_lease_holds_nothing(either: RunStore) -> None:
    work = entries(5)
    task = asyncio.create_task(either.journal().lease(work))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(30):  # a server is told of it behind the caller's back
        while (claims := await either.journal().lease(work)) == [BUSY] * 5:
            await asyncio.sleep(0.01)
    assert claims == [LEASED] * 5


async def test_odd_keys_labels_and_values_come_back_as_they_were(
    either: RunStore, shelf: Shelf
) -> None:
    journal = either.journal()
    odd = [
        Entry(b"", ""),
        Entry(b"short", "with \0 and \udcff and \n and ü"),
        Entry(b"k" * 33, '"quoted" \\ back'),
        Entry(bytes(32), "label " * 5000),
        Entry(b"\xff" * 32, "😀"),
    ]
    values = [b"", b"\0", b"x" * (5 << 20), b"some", b"\xff" * 100]
    assert await journal.lease(odd) == [LEASED] * 5
    await journal.commit([(e.key, v) for e, v in zip(odd, values, strict=True)])
    assert await journal.lease(odd) == [done(value) for value in values]
    labels = sorted(row[0] for row in await table(shelf, either, "label"))
    assert "with \\x00 and \\udcff and \n and ü" in labels
    assert max(map(len, labels)) == 16383


async def test_all_values_empty_are_still_values(either: RunStore) -> None:
    journal = either.journal()
    work = entries(3)
    await journal.lease(work)
    await journal.commit([(e.key, b"") for e in work])
    assert await journal.lease(work) == [done(b"")] * 3


async def test_many_large_values_go_in_several_statements(
    either: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "_CHUNK_BYTES", 10_000)
    monkeypatch.setattr(packing, "_CHUNK_ROWS", 7)
    journal = either.journal()
    work = entries(20)
    await journal.lease(work)
    values = [os.urandom(n * 300) for n in range(20)]
    await journal.commit([(e.key, v) for e, v in zip(work, values, strict=True)])
    assert await journal.lease(work) == [done(value) for value in values]


async def test_what_nobody_leased_is_stored_too(either: RunStore) -> None:
    journal = either.journal()
    work = entries(3)
    await journal.commit([(e.key, b"1") for e in work[:2]])
    await journal.commit([(e.key, b"2") for e in work])
    await journal.fail([(work[0].key, "late")])
    assert await journal.lease(work) == [done(b"1"), done(b"1"), done(b"2")]


async def test_nothing_asked_is_nothing_done(either: RunStore) -> None:
    journal = either.journal()
    assert await journal.lease([]) == []
    await journal.commit([])
    await journal.fail([])
    await journal.release([])
    assert not is_running(either)


async def test_refresh_does_again_what_other_runs_did_and_keeps_the_old_until_then(
    either: RunStore, shelf: Shelf
) -> None:
    work = entries(4)
    first = either.journal("r1", "read")
    await first.lease(work)
    await first.commit([(e.key, b"old") for e in work])
    second = either.journal("r2", "read", refresh=True)
    assert await second.lease(work) == [LEASED] * 4
    async with shelf.open() as other:
        assert await other.journal().lease(work) == [done(b"old")] * 4
    await second.commit([(work[0].key, b"new")])
    await second.fail([(work[1].key, "model is away")])
    await second.release([work[2].key])
    assert await second.lease(work) == [done(b"new"), LEASED, LEASED, BUSY]
    assert len(await table(shelf, either)) == 4


async def test_a_failed_row_keeps_the_value_it_had_but_does_not_show_it(
    either: RunStore, shelf: Shelf
) -> None:
    work = entries(1)
    await either.journal("r1").lease(work)
    await either.journal("r1").commit([(work[0].key, b"old")])
    again = either.journal("r2", refresh=True)
    await again.lease(work)
    await again.fail([(work[0].key, "no")])
    assert await either.journal("r3").lease(work) == [LEASED]
    await either.journal("r3").commit([(work[0].key, b"new")])
    assert await table(shelf, either, "state, value, error") == [("done", b"new", None)]


async def test_what_somebody_else_finished_is_not_finished_again(
    either: RunStore, shelf: Shelf
) -> None:
    work = entries(1)
    journal = either.journal("ours")
    await journal.fail([(work[0].key, "no")])
    await journal.lease(work)
    async with shelf.open() as other:
        await other.journal("theirs").commit([(work[0].key, b"first")])
    await journal.commit([(work[0].key, b"second")])
    assert await table(shelf, either, "value, run") == [(b"first", "theirs")]


async def test_a_closed_store_says_so(either: RunStore) -> None:
    journal = either.journal()
    await journal.lease(entries(1))
    await either.close()
    with pytest.raises(StoreError, match="closed"):
        await journal.lease(entries(2))


async def test_a_key_given_back_out_of_a_group_is_free_also_for_who_saw_the_group(
    either: RunStore, shelf: Shelf
) -> None:
    work = entries(3)
    await either.journal().lease(work)
    async with shelf.open() as other:
        theirs = other.journal()
        assert await theirs.lease(work) == [BUSY] * 3
        await either.journal().fail([(work[0].key, "no")])
        assert await theirs.lease(work) == [LEASED, BUSY, BUSY]
        await theirs.release([work[0].key])
    assert await either.journal().lease(work) == [LEASED, BUSY, BUSY]


OWNERS, KEYS = 2, 6
steps = st.lists(
    st.tuples(
        st.sampled_from(["lease", "commit", "fail", "release", "reopen"]),
        st.integers(0, OWNERS - 1),
        st.lists(st.integers(0, KEYS - 1), min_size=1, max_size=4),
    ),
    max_size=25,
)


class Model:
    """What a journal shared by two owners must answer."""

    def __init__(self) -> None:
        self.rows: dict[int, bytes | None] = {}
        self.held: dict[int, int] = {}

    def lease(self, owner: int, keys: list[int]) -> list[Claim]:
        return [self._claim(owner, key) for key in keys]

    def _claim(self, owner: int, key: int) -> Claim:
        if (value := self.rows.get(key)) is not None:
            return done(value)
        if key in self.held:
            return BUSY
        self.held[key] = owner
        return LEASED

    def end(self, owner: int, keys: list[int]) -> list[int]:
        ended = [key for key in dict.fromkeys(keys) if self.held.get(key) == owner]
        for key in ended:
            del self.held[key]
        return ended


@given(script=steps)
@settings(max_examples=40, deadline=None)
def test_two_owners_never_get_the_same_key_and_every_answer_stays(
    tmp_path_factory: pytest.TempPathFactory, script: list
) -> None:
    asyncio.run(play(Shelf(tmp_path_factory.mktemp("journal")), script))


@given(script=steps)
@settings(max_examples=10, deadline=None)
def test_two_owners_in_a_database_never_get_the_same_key_and_every_answer_stays(
    tmp_path_factory: pytest.TempPathFactory, server_url: str, script: list
) -> None:
    empty_tables(server_url)
    asyncio.run(play(Shelf(tmp_path_factory.mktemp("journal"), server_url), script))


async def play(shelf: Shelf, script: list) -> None:
    model, names = Model(), entries(KEYS)
    stores = [shelf.open() for _ in range(OWNERS)]
    journals = [journal_with_short_tail(store) for store in stores]
    for number, (step, owner, keys) in enumerate(script):
        journal = journals[owner]
        if step == "lease":
            found = await journal.lease([names[key] for key in keys])
            assert found == model.lease(owner, keys)
        elif step == "commit":
            ended = model.end(owner, keys)
            await journal.commit([(names[key].key, b"%d" % number) for key in ended])
            model.rows.update(dict.fromkeys(ended, b"%d" % number))
        elif step == "fail":
            ended = model.end(owner, keys)
            await journal.fail([(names[key].key, "no") for key in ended])
            model.rows.update(dict.fromkeys(ended, None))
        elif step == "release":
            model.end(owner, keys)
            await journal.release([names[key].key for key in keys])
        else:
            await stores[owner].close()
            model.end(owner, list(range(KEYS)))
            stores[owner] = shelf.open()
            journals[owner] = journal_with_short_tail(stores[owner])
    rows = await table(shelf, stores[0], "key, value, state")
    assert {key: value for key, value, _ in rows} == {
        names[key].key: value for key, value in model.rows.items()
    }
    assert len(rows) == len(model.rows)
    for store in stores:
        await store.close()


def journal_with_short_tail(store: RunStore) -> Journal:
    if isinstance(store, Store):
        store.register.rows._limit = 3
    return store.journal()
