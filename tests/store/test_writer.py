"""The writer: groups, savepoints, threads, loops, faults of one and of all."""

import asyncio
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from ai_catalyst.errors import StoreError
from ai_catalyst.store.writer import Writer


@pytest.fixture
async def writer(path: Path):
    opened = Writer(path, busy_s=0.3)
    await opened.submit(lambda c: c.execute("CREATE TABLE numbers(n INTEGER PRIMARY KEY)"))
    yield opened
    await opened.close()


def put(n: int):
    return lambda c: c.execute("INSERT INTO numbers VALUES (?)", (n,)).lastrowid


async def numbers(writer: Writer) -> list[int]:
    sql = "SELECT n FROM numbers ORDER BY n"
    return [row[0] for row in await writer.submit(lambda c: c.execute(sql).fetchall())]


async def test_what_arrives_together_is_committed_together(writer: Writer) -> None:
    before = writer.transactions
    found = await asyncio.gather(*(writer.submit(put(n)) for n in range(500)))
    assert found == list(range(500))
    assert writer.transactions - before <= 20
    assert await numbers(writer) == list(range(500))


async def test_it_is_in_the_file_when_submit_returns(writer: Writer, path: Path) -> None:
    await writer.submit(put(1))
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT n FROM numbers").fetchall() == [(1,)]
    other.close()


async def test_one_that_fails_hurts_no_other_of_its_group(writer: Writer) -> None:
    def both(c: sqlite3.Connection) -> None:
        c.execute("INSERT INTO numbers VALUES (100)")
        raise KeyError("on purpose")

    outcomes = await asyncio.gather(
        writer.submit(put(1)),
        writer.submit(both),
        writer.submit(put(1)),
        writer.submit(put(2)),
        return_exceptions=True,
    )
    assert outcomes[0] == 1
    assert isinstance(outcomes[1], KeyError)
    assert isinstance(outcomes[2], sqlite3.IntegrityError)
    assert outcomes[3] == 2
    assert await numbers(writer) == [1, 2]


async def test_a_single_one_that_fails_leaves_nothing_behind(writer: Writer) -> None:
    def half(c: sqlite3.Connection) -> None:
        c.execute("INSERT INTO numbers VALUES (1)")
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        await writer.submit(half)
    assert await numbers(writer) == []


async def test_a_lost_transaction_is_tried_again_one_by_one(writer: Writer) -> None:
    """SQLite takes back everything on some errors (a full disk): the others are not to blame."""

    def spoil(c: sqlite3.Connection) -> None:
        c.execute("ROLLBACK")
        raise sqlite3.OperationalError("lost")

    outcomes = await asyncio.gather(
        *(writer.submit(put(n)) for n in range(3)),
        writer.submit(spoil),
        writer.submit(put(3)),
        return_exceptions=True,
    )
    assert [o for o in outcomes if not isinstance(o, Exception)] == [0, 1, 2, 3]
    assert isinstance(outcomes[3], sqlite3.OperationalError)
    assert await numbers(writer) == [0, 1, 2, 3]


async def test_a_cursor_handed_back_half_read_is_in_nobody_s_way(writer: Writer) -> None:
    await asyncio.gather(*(writer.submit(put(n)) for n in range(5)))
    cursors = [
        await writer.submit(lambda c: c.execute("DELETE FROM numbers WHERE n > 2 RETURNING n")),
        await writer.maintain(lambda c: c.execute("PRAGMA wal_checkpoint(TRUNCATE)")),
    ]
    assert await writer.submit(put(9)) == 9
    assert len(cursors) == 2
    assert await numbers(writer) == [0, 1, 2, 9]


async def test_a_submission_must_not_end_its_transaction(writer: Writer) -> None:
    with pytest.raises(RuntimeError, match="must not end"):
        await writer.submit(lambda c: c.execute("COMMIT"))
    assert await writer.submit(put(1)) == 1


async def test_memory_is_taken_back_with_the_statements(writer: Writer) -> None:
    remembered: list[int] = []

    def remember(n: int, *, fail: bool = False):
        def run(c: sqlite3.Connection) -> None:
            c.execute("INSERT INTO numbers VALUES (?)", (n,))
            remembered.append(n)
            writer.undo(lambda: remembered.remove(n))
            if fail:
                raise KeyError(n)

        return run

    await asyncio.gather(
        writer.submit(remember(1)),
        writer.submit(remember(2, fail=True)),
        writer.submit(remember(3)),
        return_exceptions=True,
    )
    with pytest.raises(KeyError):
        await writer.submit(remember(4, fail=True))
    assert remembered == [1, 3] == await numbers(writer)


async def test_what_a_cancelled_task_submitted_is_committed_all_the_same(writer: Writer) -> None:
    task = asyncio.create_task(writer.submit(put(7)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await numbers(writer) == [7]


async def test_closing_commits_what_was_submitted(path: Path) -> None:
    writer = Writer(path)
    await writer.submit(lambda c: c.execute("CREATE TABLE numbers(n INTEGER PRIMARY KEY)"))
    tasks = [asyncio.create_task(writer.submit(put(n))) for n in range(50)]
    await asyncio.sleep(0)
    await writer.close()
    assert [await task for task in tasks] == list(range(50))
    with pytest.raises(StoreError, match="closed"):
        await writer.submit(put(99))
    await writer.close()


async def test_closing_twice_at_once_waits_for_the_same_end(path: Path) -> None:
    writer = Writer(path)
    await writer.ready()
    await asyncio.gather(writer.close(), writer.close(), writer.close())
    assert not writer.running


def test_many_loops_and_threads_share_one_writer(path: Path) -> None:
    writer = Writer(path)
    asyncio.run(writer.submit(lambda c: c.execute("CREATE TABLE numbers(n INTEGER PRIMARY KEY)")))

    async def several(first: int) -> None:
        await asyncio.gather(*(writer.submit(put(first + n)) for n in range(100)))

    threads = [threading.Thread(target=lambda f=f: asyncio.run(several(f))) for f in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    async def end() -> list[int]:
        found = await numbers(writer)
        await writer.close()
        return found

    assert asyncio.run(end()) == list(range(300))


async def test_a_chore_is_done_while_nobody_submits(writer: Writer) -> None:
    done = threading.Event()

    def begin(_: sqlite3.Connection) -> None:
        writer.every(0.01, lambda c: (put(1)(c), done.set()))

    await writer.submit(begin)
    assert await asyncio.to_thread(done.wait, 5)
    assert await numbers(writer) == [1]


async def test_maintenance_runs_outside_any_transaction(writer: Writer) -> None:
    assert await writer.maintain(lambda c: c.in_transaction) is False
    outcomes = await asyncio.gather(
        writer.submit(put(1)), writer.maintain(lambda c: c.execute("VACUUM")), writer.submit(put(2))
    )
    assert outcomes[0] == 1
    assert await numbers(writer) == [1, 2]
    with pytest.raises(KeyError):
        await writer.maintain(lambda c: {}["missing"])


async def test_maintenance_and_the_end_wait_for_the_group_they_came_in(writer: Writer) -> None:
    arrived = threading.Event()
    together = [
        asyncio.create_task(writer.submit(lambda _: arrived.wait(10))),
        asyncio.create_task(writer.submit(put(1))),
    ]
    await asyncio.sleep(0)
    alone = asyncio.create_task(writer.maintain(lambda c: c.in_transaction))
    await asyncio.sleep(0)
    late = asyncio.create_task(writer.submit(put(2)))
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    arrived.set()
    assert await asyncio.gather(*together, alone, late, closing) == [True, 1, False, 2, None]


async def test_a_lock_of_another_process_is_waited_for(writer: Writer, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(writer.submit(put(1)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    other.execute("ROLLBACK")
    assert await waiting == 1
    other.close()


async def test_a_lock_that_is_never_given_back_is_an_error_that_names_the_file(
    writer: Writer, path: Path
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"catalyst\.db is held by another process"):
        await writer.submit(put(1))
    other.execute("ROLLBACK")
    other.close()
    assert await writer.submit(put(1)) == 1


async def test_a_full_disk_is_an_error_and_what_was_committed_stays(
    writer: Writer, path: Path
) -> None:
    await writer.submit(put(1))
    pages = await writer.submit(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await writer.maintain(lambda c: c.execute(f"PRAGMA max_page_count={pages + 4}"))
    await writer.submit(lambda c: c.execute("CREATE TABLE big(b BLOB)"))

    def fill(c: sqlite3.Connection) -> None:
        c.execute("INSERT INTO big VALUES (zeroblob(1000000))")

    outcomes = await asyncio.gather(
        writer.submit(put(2)), writer.submit(fill), writer.submit(put(3)), return_exceptions=True
    )
    assert outcomes[0] == 2
    assert outcomes[2] == 3
    assert isinstance(outcomes[1], StoreError)
    assert "full disk" in str(outcomes[1])
    assert str(path) in str(outcomes[1])
    assert await numbers(writer) == [1, 2, 3]


async def test_a_forked_child_is_told_to_open_its_own(writer: Writer) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - in the child
        try:
            writer._start()
        except StoreError as error:
            os.write(writing, str(error).encode())
        os._exit(0)
    os.close(writing)
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    with os.fdopen(reading, "rb") as pipe:
        assert b"forked" in pipe.read()
    assert status == 0
    assert await writer.submit(put(1)) == 1
