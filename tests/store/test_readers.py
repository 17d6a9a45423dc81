"""Reading beside the writer."""

import asyncio
import sqlite3
import threading

import pytest

from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.store import Store


@pytest.fixture
async def filled(store: Store) -> Store:
    def fill(c: sqlite3.Connection) -> None:
        c.execute("CREATE TABLE numbers(n INTEGER PRIMARY KEY, name TEXT)")
        c.executemany("INSERT INTO numbers VALUES (?, ?)", [(n, f"n{n}") for n in range(3000)])

    await store.writer.submit(fill)
    return store


async def test_rows_are_read_by_name_and_by_index(filled: Store) -> None:
    row = await filled.read(lambda c: c.execute("SELECT * FROM numbers WHERE n = 5").fetchone())
    assert (row["name"], row[0]) == ("n5", 5)


async def test_a_read_does_not_wait_for_a_write(filled: Store) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(c: sqlite3.Connection) -> None:
        c.execute("DELETE FROM numbers")
        inside.set()
        go_on.wait(10)

    writing = asyncio.create_task(filled.writer.submit(slow))
    await asyncio.to_thread(inside.wait, 10)
    count = await filled.read(lambda c: c.execute("SELECT count(*) FROM numbers").fetchone()[0])
    assert count == 3000
    assert not writing.done()
    go_on.set()
    await writing
    assert await filled.read(lambda c: c.execute("SELECT count(*) FROM numbers").fetchone()[0]) == 0


async def test_a_stream_is_one_snapshot_in_order(filled: Store) -> None:
    seen = []
    async for row in filled.stream("SELECT n FROM numbers ORDER BY n"):
        if not seen:
            await filled.writer.submit(lambda c: c.execute("DELETE FROM numbers WHERE n > 100"))
        seen.append(row["n"])
    assert seen == list(range(3000))


async def test_a_stream_left_early_gives_its_connection_back(filled: Store) -> None:
    for _ in range(20):
        rows = filled.stream("SELECT n FROM numbers WHERE n >= ?", (10,))
        async for row in rows:
            assert row["n"] == 10
            break
        await rows.aclose()
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("catalyst-reader") <= 2
    await filled.read(lambda c: None)  # behind the last of them
    await filled.read(lambda c: None)
    checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"  # which no snapshot may stand in the way of
    assert await filled.writer.maintain(lambda c: c.execute(checkpoint).fetchone()[0]) == 0


async def test_more_streams_than_threads_make_progress_together(filled: Store) -> None:
    streams = [filled.stream("SELECT n FROM numbers") for _ in range(7)]
    for _ in range(600):
        rows = [await anext(stream) for stream in streams]
        assert len({row[0] for row in rows}) == 1
    for stream in streams:
        await stream.aclose()


async def test_reading_cannot_write(filled: Store) -> None:
    with pytest.raises(UserError, match="only reads"):
        await filled.read(lambda c: c.execute("DELETE FROM numbers"))


async def test_a_wrong_statement_raises_what_sqlite_says(filled: Store) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await filled.read(lambda c: c.execute("SELECT * FROM nowhere"))
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await anext(filled.stream("SELECT * FROM nowhere"))


async def test_after_close_nothing_is_read(filled: Store) -> None:
    rows = filled.stream("SELECT n FROM numbers")
    await anext(rows)
    await filled.close()
    with pytest.raises(StoreError, match="closed"):
        await filled.read(lambda c: None)
    with pytest.raises(StoreError, match="closed"):
        async for _ in rows:
            pass
