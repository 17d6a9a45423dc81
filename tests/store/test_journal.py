"""The SQLite journal's own ways; what it promises is in test_journal_contract.py."""

from pathlib import Path

import pytest
from journal_work import BUSY, LEASED, done, entries

from ai_catalyst.engine.journal import Entry
from ai_catalyst.store import Store
from ai_catalyst.store import journal_rows as rows_module


async def table(store: Store, columns: str = "key, label, state, value, error") -> list[tuple]:
    sql = f"SELECT {columns} FROM journal ORDER BY id"
    return [tuple(row) for row in await store.read(lambda c: c.execute(sql).fetchall())]


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
