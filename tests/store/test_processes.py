"""Real processes: killed in the middle, working side by side, opening one fresh store at once."""

import asyncio
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from ai_catalyst.engine.journal import Entry, State, journal_key
from ai_catalyst.store import Store

WORKER = """
import asyncio, random, sys
from ai_catalyst.engine.journal import Entry, State, journal_key
from ai_catalyst.store import Store

async def main(path, name, count):
    keys = [journal_key("x", 1, b"", str(i)) for i in range(int(count))]
    random.shuffle(keys)
    async with Store(path) as store:
        await store.writer.ready()
        print("ready", flush=True)
        sys.stdin.readline()
        journal = store.journal(name)
        mine = 0
        while keys:
            group = [keys.pop() for _ in range(min(17, len(keys)))]
            claims = await journal.lease([Entry(key, key.hex()) for key in group])
            ours = [k for k, c in zip(group, claims) if c.state is State.LEASED]
            keys[:0] = [k for k, c in zip(group, claims) if c.state is State.BUSY]
            await asyncio.sleep(0)
            await journal.commit([(key, name.encode()) for key in ours])
            mine += len(ours)
    print(mine, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""

COMMITTER = """
import asyncio, sys
from ai_catalyst.engine.journal import Entry, journal_key
from ai_catalyst.store import Store

async def main(path, name):
    async with Store(path) as store:
        journal = store.journal(name)
        for number in range(100000):
            group = [journal_key(name, number, b"", str(i)) for i in range(10)]
            await journal.lease([Entry(key, f"{name}/{number}") for key in group])
            await journal.commit([(key, name.encode() * 50) for key in group])
            print(number, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""

OPENER = """
import asyncio, sys
from ai_catalyst.store import Store

async def main(path):
    async with Store(path) as store:
        print("here", flush=True)
        sys.stdin.readline()
        run = await store.start_run("x")
        print(run, flush=True)

asyncio.run(main(sys.argv[1]))
"""


def ask(path: Path, sql: str) -> list[tuple]:
    connection = sqlite3.connect(path)
    rows = connection.execute(sql).fetchall()
    connection.close()
    return rows


def test_processes_on_the_same_keys_do_each_key_exactly_once(path: Path, program) -> None:
    count = 600
    workers = [program(WORKER, path, f"w{n}", count) for n in range(3)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    shares = [int(worker.stdout.readline()) for worker in workers]
    assert sum(shares) == count
    rows = ask(path, "SELECT run, value, key FROM journal")
    assert len(rows) == len({key for _, _, key in rows}) == count
    assert all(run.encode() == value for run, value, _ in rows)
    assert ask(path, "SELECT count(*) FROM leases") == [(0,)]


def test_after_kill_what_was_committed_is_there_and_nothing_half(path: Path, program) -> None:
    acknowledged = {}
    for name in ("a", "b", "c"):
        process = program(COMMITTER, path, name)
        process.stdout.readline()
        time.sleep(random.uniform(0.02, 0.2))
        process.send_signal(signal.SIGKILL)
        acknowledged[name] = len(process.stdout.read().splitlines())
        process.wait()
    rows = ask(path, "SELECT label, count(*), count(DISTINCT key) FROM journal GROUP BY label")
    assert all(row[1:] == (10, 10) for row in rows)
    for name, count in acknowledged.items():
        numbers = {int(label.split("/")[1]) for label, *_ in rows if label[0] == name}
        assert numbers >= set(range(count))
        assert len(numbers) - count <= 2  # the group in flight
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


def test_the_leases_of_a_killed_process_are_free_at_once(path: Path, program) -> None:
    work = [Entry(journal_key("x", 1, b"", str(i)), str(i)) for i in range(5)]
    holder = program(
        """
        import asyncio, sys, time
        from ai_catalyst.engine.journal import Entry, journal_key
        from ai_catalyst.store import Store
        async def main(path):
            store = Store(path)
            await store.journal().lease([Entry(journal_key("x", 1, b"", str(i))) for i in range(5)])
            print("held", flush=True)
            time.sleep(60)
        asyncio.run(main(sys.argv[1]))
        """,
        path,
    )
    assert holder.stdout.readline() == "held\n"

    async def states() -> set[State]:
        async with Store(path) as store:
            return {claim.state for claim in await store.journal().lease(work)}

    assert asyncio.run(states()) == {State.BUSY}
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert asyncio.run(states()) == {State.LEASED}


def test_a_fresh_store_can_be_opened_by_many_processes_at_once(path: Path, program) -> None:
    openers = [program(OPENER, path) for _ in range(4)]
    for opener in openers:
        assert opener.stdout.readline() == "here\n"
    for opener in openers:
        opener.stdin.write("\n")
        opener.stdin.flush()
    ids = {opener.stdout.readline() for opener in openers}
    assert len(ids) == 4
    assert {f"{run}\n" for (run,) in ask(path, "SELECT id FROM runs")} == ids


@pytest.mark.parametrize("command", ["start", "many"])
def test_opening_a_store_that_is_up_to_date_imports_no_sqlalchemy(
    path: Path, program, command: str
) -> None:
    source = """
        import asyncio, sys
        from ai_catalyst.store import Store
        async def main(path):
            async with Store(path) as store:
                await store.start_run("x")
                await store.cache.set("api", "k", 1)
                await store.stats()
        asyncio.run(main(sys.argv[1]))
        print([m for m in ("sqlalchemy", "alembic", "asyncpg", "aiosqlite") if m in sys.modules])
    """
    for _ in range(2):  # a new file, and one that is there
        assert program(source, path).communicate()[0] == "[]\n"
        if command == "start":
            break


def test_a_store_that_was_killed_while_it_was_made_is_made_the_next_time(
    path: Path, program
) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    Path(f"{path}.lock").touch()
    opener = program(OPENER, path)
    opener.stdin.write("\n")
    opener.stdin.flush()
    assert opener.communicate()[0].startswith("here\n2")
