"""The SQLite journal: leases, commits, resuming, and what other owners see."""

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_catalyst.engine.journal import Claim, Entry, State, journal_key
from ai_catalyst.errors import StoreError
from ai_catalyst.store import SqliteJournal, Store, packing
from ai_catalyst.store import journal_rows as rows_module

LEASED, BUSY = Claim(State.LEASED), Claim(State.BUSY)


def entries(count: int, *, prefix: str = "item") -> list[Entry]:
    names = [f"{prefix}-{i}" for i in range(count)]
    return [Entry(journal_key("read", 1, b"", name), f"{name}.txt") for name in names]


def done(value: bytes) -> Claim:
    return Claim(State.DONE, value)


async def table(store: Store, columns: str = "key, label, state, value, error") -> list[tuple]:
    sql = f"SELECT {columns} FROM journal ORDER BY id"
    return [tuple(row) for row in await store.read(lambda c: c.execute(sql).fetchall())]


async def test_what_is_committed_is_done_for_the_next_run(path: Path) -> None:
    work = entries(300)
    async with Store(path) as store:
        journal = store.journal("r1", "read")
        assert await journal.lease(work) == [LEASED] * 300
        await journal.commit([(e.key, e.label.encode()) for e in work[:200]])
        await journal.fail([(e.key, "FileError: no such file") for e in work[200:250]])
    async with Store(path) as store:
        journal = store.journal("r2", "read")
        claims = await journal.lease(work)
        assert claims[:200] == [done(e.label.encode()) for e in work[:200]]
        assert claims[200:] == [LEASED] * 100
        assert await journal.failed_labels() == [e.label for e in work[200:250]]
        assert await journal.counts() == {"done": 200, "failed": 50}
        assert await store.journal("r2", "other").counts() == {"done": 0, "failed": 0}


async def test_a_held_key_is_busy_for_everybody_also_for_us(store: Store, path: Path) -> None:
    work = entries(3)
    journal = store.journal()
    assert await journal.lease([work[0], work[1], work[0]]) == [LEASED, LEASED, BUSY]
    assert await journal.lease(work) == [BUSY, BUSY, LEASED]
    assert await store.journal("other").lease(work[:1]) == [BUSY]
    async with Store(path) as other:
        assert await other.journal().lease(work) == [BUSY] * 3


async def test_what_is_released_or_failed_can_be_leased_again(store: Store, path: Path) -> None:
    work = entries(4)
    journal = store.journal()
    await journal.lease(work)
    await journal.release([work[0].key])
    await journal.fail([(work[1].key, "no")])
    async with Store(path) as other:
        theirs = other.journal("r2", "read")
        assert await theirs.lease(work) == [LEASED, LEASED, BUSY, BUSY]
        await theirs.commit([(work[1].key, b"done now")])
        await theirs.fail([(work[0].key, "now this one")])
    rows = await table(store, "label, state, value, error")
    assert rows == [
        ("item-1.txt", "done", b"done now", None),
        ("item-0.txt", "failed", None, "now this one"),
    ]


async def test_a_journal_releases_only_what_it_leased(store: Store) -> None:
    work = entries(1)
    await store.journal("a").lease(work)
    await store.journal("b").release([work[0].key])
    assert await store.journal("b").lease(work) == [BUSY]


async def test_closing_gives_every_lease_back(store: Store, path: Path) -> None:
    work = entries(10)
    async with Store(path) as other:
        await other.journal().lease(work)
        assert await store.journal().lease(work) == [BUSY] * 10
    assert await store.journal().lease(work) == [LEASED] * 10


async def test_a_cancelled_lease_holds_nothing(store: Store) -> None:
    work = entries(5)
    task = asyncio.create_task(store.journal().lease(work))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.journal().lease(work) == [LEASED] * 5


async def test_odd_keys_labels_and_values_come_back_as_they_were(store: Store) -> None:
    journal = store.journal()
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
    labels = sorted(row[0] for row in await table(store, "label"))
    assert "with \\x00 and \\udcff and \n and ü" in labels
    assert max(map(len, labels)) == 16383


async def test_all_values_empty_are_still_values(store: Store) -> None:
    journal = store.journal()
    work = entries(3)
    await journal.lease(work)
    await journal.commit([(e.key, b"") for e in work])
    assert await journal.lease(work) == [done(b"")] * 3


async def test_many_large_values_go_in_several_statements(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "_CHUNK_BYTES", 10_000)
    monkeypatch.setattr(packing, "_CHUNK_ROWS", 7)
    journal = store.journal()
    work = entries(20)
    await journal.lease(work)
    values = [os.urandom(n * 300) for n in range(20)]
    await journal.commit([(e.key, v) for e, v in zip(work, values, strict=True)])
    assert await journal.lease(work) == [done(value) for value in values]


async def test_what_nobody_leased_is_stored_too(store: Store) -> None:
    journal = store.journal()
    work = entries(3)
    await journal.commit([(e.key, b"1") for e in work[:2]])
    await journal.commit([(e.key, b"2") for e in work])
    await journal.fail([(work[0].key, "late")])
    assert await journal.lease(work) == [done(b"1"), done(b"1"), done(b"2")]


async def test_nothing_asked_is_nothing_done(store: Store) -> None:
    journal = store.journal()
    assert await journal.lease([]) == []
    await journal.commit([])
    await journal.fail([])
    await journal.release([])
    assert not store.writer.running


async def test_refresh_does_again_what_other_runs_did_and_keeps_the_old_until_then(
    store: Store, path: Path
) -> None:
    work = entries(4)
    first = store.journal("r1", "read")
    await first.lease(work)
    await first.commit([(e.key, b"old") for e in work])
    second = store.journal("r2", "read", refresh=True)
    assert await second.lease(work) == [LEASED] * 4
    async with Store(path) as other:
        assert await other.journal().lease(work) == [done(b"old")] * 4
    await second.commit([(work[0].key, b"new")])
    await second.fail([(work[1].key, "model is away")])
    await second.release([work[2].key])
    assert await second.lease(work) == [done(b"new"), LEASED, LEASED, BUSY]
    assert len(await table(store)) == 4


async def test_a_failed_row_keeps_the_value_it_had_but_does_not_show_it(store: Store) -> None:
    work = entries(1)
    await store.journal("r1").lease(work)
    await store.journal("r1").commit([(work[0].key, b"old")])
    again = store.journal("r2", refresh=True)
    await again.lease(work)
    await again.fail([(work[0].key, "no")])
    assert await store.journal("r3").lease(work) == [LEASED]
    await store.journal("r3").commit([(work[0].key, b"new")])
    assert await table(store, "state, value, error") == [("done", b"new", None)]


async def test_who_was_taken_for_dead_cannot_make_a_second_row(store: Store, path: Path) -> None:
    """A machine slept; others did its work; it wakes up and commits what it still had."""
    work = entries(3)
    slept = store.journal("slept")
    await slept.lease(work)

    def bury(c) -> None:
        c.execute("DELETE FROM owners")
        c.execute("DELETE FROM leases")

    async with Store(path) as other:
        await other.writer.submit(bury)
        theirs = other.journal("awake")
        assert await theirs.lease(work[:2]) == [LEASED] * 2
        await theirs.commit([(work[0].key, b"theirs")])
        await slept.commit([(e.key, b"ours") for e in work])
        await theirs.commit([(work[1].key, b"theirs")])
    rows = {row[0]: row[1:] for row in await table(store, "label, value, run")}
    assert rows == {
        "item-0.txt": (b"theirs", "awake"),
        "item-1.txt": (b"ours", "slept"),
        "item-2.txt": (b"ours", "slept"),
    }


async def test_keys_with_equal_hashes_are_told_apart(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "crc32", lambda key: 0xFFFF_FFFF - key[1] % 2)
    work = [Entry(b"k" + bytes([n]) * 31, str(n)) for n in range(10)]
    journal = store.journal()
    await journal.lease(work)
    await journal.commit([(e.key, e.label.encode()) for e in work[:9]])
    await store.writer.submit(store.register.rows.settle)
    claims = await journal.lease(work)
    assert claims == [done(e.label.encode()) for e in work[:9]] + [BUSY]


async def test_a_fault_in_the_middle_of_a_group_leaves_memory_and_file_agreed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = entries(6)
    journal = store.journal()
    await journal.lease(work)
    await journal.commit([(work[0].key, b"0")])
    with monkeypatch.context() as patched:
        patched.setattr(
            type(store.register.rows), "settle_when_long", lambda *_: (_ for _ in ()).throw(OSError)
        )
        with pytest.raises(OSError):
            await journal.commit([(e.key, b"lost") for e in work[1:4]])
    assert len(await table(store)) == 1
    assert await journal.lease(work) == [done(b"0")] + [BUSY] * 5
    await journal.commit([(e.key, b"kept") for e in work[1:]])
    assert await journal.lease(work) == [done(b"0")] + [done(b"kept")] * 5
    assert [row[0] for row in await table(store, "label")] == [e.label for e in work]


async def test_after_a_fault_the_rows_others_appended_meanwhile_are_seen(
    store: Store, path: Path
) -> None:
    work = entries(8)
    journal = store.journal()

    def failing(c) -> None:
        journal._commit(c, [(e.key, b"lost") for e in work[:4]])
        raise KeyError

    with pytest.raises(KeyError):
        await store.writer.submit(failing)
    async with Store(path) as other:  # its rows get the ids that ours had
        await other.journal().commit([(e.key, b"theirs") for e in work[4:]])
    claims = await journal.lease(work)
    assert claims == [LEASED] * 4 + [done(b"theirs")] * 4


async def test_leases_that_were_taken_back_are_not_remembered(store: Store, path: Path) -> None:
    work = entries(4)
    journal = store.journal()

    def lease_and_fail(c) -> None:
        journal._lease(c, work)
        raise KeyError

    def release_and_fail(c) -> None:
        journal._release(c, [work[0].key])
        raise KeyError

    with pytest.raises(KeyError):
        await store.writer.submit(lease_and_fail)
    assert await journal.lease(work) == [LEASED] * 4
    with pytest.raises(KeyError):
        await store.writer.submit(release_and_fail)
    assert await journal.lease(work) == [BUSY] * 4
    journal._mine.update(e.key for e in work)
    await journal.release([e.key for e in work])
    async with Store(path) as other:
        assert await other.journal().lease(work) == [LEASED] * 4


async def test_what_somebody_else_finished_is_not_finished_again(store: Store, path: Path) -> None:
    work = entries(1)
    journal = store.journal("ours")
    await journal.fail([(work[0].key, "no")])
    await journal.lease(work)
    async with Store(path) as other:
        await other.journal("theirs").commit([(work[0].key, b"first")])
    await journal.commit([(work[0].key, b"second")])
    assert await table(store, "value, run") == [(b"first", "theirs")]


async def test_the_tail_is_settled_when_long_and_found_afterwards(path: Path) -> None:
    work = entries(100)
    async with Store(path) as store:
        store.register.rows._limit = 30
        journal = store.journal()
        for start in range(0, 100, 10):
            group = work[start : start + 10]
            await journal.lease(group)
            await journal.commit([(e.key, e.label.encode()) for e in group])
        indexed = await store.read(
            lambda c: c.execute("SELECT count(*) FROM journal_index").fetchone()[0]
        )
        assert indexed == 90
        assert await journal.lease(work) == [done(e.label.encode()) for e in work]
    async with Store(path) as store:
        assert await store.journal().lease(work) == [done(e.label.encode()) for e in work]
        indexed = await store.read(
            lambda c: c.execute("SELECT count(*) FROM journal_index").fetchone()[0]
        )
        assert indexed == 100


async def test_a_closed_store_says_so(store: Store) -> None:
    journal = store.journal()
    await journal.lease(entries(1))
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await journal.lease(entries(2))


async def test_a_key_given_back_out_of_a_group_is_free_also_for_who_saw_the_group(
    store: Store, path: Path
) -> None:
    work = entries(3)
    await store.journal().lease(work)
    async with Store(path) as other:
        theirs = other.journal()
        assert await theirs.lease(work) == [BUSY] * 3
        await store.journal().fail([(work[0].key, "no")])
        assert await theirs.lease(work) == [LEASED, BUSY, BUSY]
        await theirs.release([work[0].key])
    assert await store.journal().lease(work) == [LEASED, BUSY, BUSY]


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


@given(steps)
@settings(max_examples=40, deadline=None)
def test_two_owners_never_get_the_same_key_and_every_answer_stays(
    tmp_path_factory: pytest.TempPathFactory, script: list
) -> None:
    path = tmp_path_factory.mktemp("journal") / "catalyst.db"
    asyncio.run(play(path, script))


async def play(path: Path, script: list) -> None:
    model, names = Model(), entries(KEYS)
    stores = [Store(path) for _ in range(OWNERS)]
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
            stores[owner] = Store(path)
            journals[owner] = journal_with_short_tail(stores[owner])
    rows = await table(stores[0], "key, value, state")
    assert {key: value for key, value, _ in rows} == {
        names[key].key: value for key, value in model.rows.items()
    }
    assert len(rows) == len(model.rows)
    for store in stores:
        await store.close()


def journal_with_short_tail(store: Store) -> SqliteJournal:
    store.register.rows._limit = 3
    return store.journal()
