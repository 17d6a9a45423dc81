"""Who is dead, and since when: processes, pids that are reused, clocks that jump."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ai_catalyst.store import process as process_module
from ai_catalyst.store.owners import Owner
from ai_catalyst.store.process import Process, this_process
from ai_catalyst.store.writer import Writer


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Clock:
    return Clock(1_000_000.0)


@pytest.fixture
def steady() -> Clock:
    return Clock(50.0)


@pytest.fixture
async def writer(path: Path):
    opened = Writer(path)
    yield opened
    await opened.close()


@pytest.fixture
def owner(writer: Writer, wall: Clock, steady: Clock) -> Owner:
    return Owner(writer, lease_s=60.0, clock=wall, steady=steady)


async def add(writer: Writer, process: Process, *, beat: int = 0, expires: float = 1e12) -> int:
    def run(c: sqlite3.Connection) -> int:
        row = (process.host, process.pid, process.started, beat, expires)
        cursor = c.execute(
            "INSERT INTO owners(host, pid, started, beat, expires) VALUES (?, ?, ?, ?, ?)", row
        )
        c.execute(
            "INSERT INTO leases(owner, keys, labels) VALUES (?, x'', '[]')", (cursor.lastrowid,)
        )
        return cursor.lastrowid or 0

    return await writer.submit(run)


async def is_dead(writer: Writer, owner: Owner, other: int) -> bool:
    dead = await writer.submit(lambda c: owner.is_dead(c, other))
    left = await writer.submit(
        lambda c: c.execute("SELECT count(*) FROM leases WHERE owner = ?", (other,)).fetchone()[0]
    )
    assert left == (0 if dead else 1)
    return dead


HERE = this_process()
AWAY = Process("another machine", 1, "1")


async def test_a_process_that_is_gone_is_dead_at_once(writer: Writer, owner: Owner) -> None:
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "pass")
    gone = Process(HERE.host, child.pid, "123")
    await child.wait()
    assert await is_dead(writer, owner, await add(writer, gone))


async def test_a_process_nobody_waited_for_is_dead_too(writer: Writer, owner: Owner) -> None:
    child = os.fork()
    if child == 0:  # pragma: no cover - in the child
        os._exit(0)
    started = process_module._started(child)
    for _ in range(200):
        if process_module._started(child) == "":
            break
        await asyncio.sleep(0.005)
    zombie = Process(HERE.host, child, started or "1")
    assert await is_dead(writer, owner, await add(writer, zombie))
    os.waitpid(child, 0)


async def test_a_pid_that_was_given_to_another_process_is_dead(
    writer: Writer, owner: Owner
) -> None:
    assert await is_dead(writer, owner, await add(writer, Process(HERE.host, os.getpid(), "12")))


async def test_a_process_that_lives_here_keeps_its_leases_whatever_the_wall_clock_says(
    writer: Writer, owner: Owner, wall: Clock
) -> None:
    other = await add(writer, HERE, expires=wall.now - 5)
    assert not await is_dead(writer, owner, other)
    wall.now += 1e6
    assert not await is_dead(writer, owner, other)


async def test_a_process_that_gives_no_sign_for_long_is_dead(
    writer: Writer, owner: Owner, steady: Clock
) -> None:
    other = await add(writer, HERE)
    assert not await is_dead(writer, owner, other)
    steady.now += 50
    await writer.submit(lambda c: c.execute("UPDATE owners SET beat = beat + 1"))
    assert not await is_dead(writer, owner, other)
    steady.now += 50
    assert not await is_dead(writer, owner, other)
    steady.now += 11
    assert await is_dead(writer, owner, other)


async def test_a_process_of_another_machine_is_dead_when_its_time_has_passed(
    writer: Writer, owner: Owner, wall: Clock
) -> None:
    other = await add(writer, AWAY, expires=wall.now + 60)
    assert not await is_dead(writer, owner, other)
    wall.now += 61
    assert await is_dead(writer, owner, other)


async def test_a_clock_that_went_back_does_not_keep_the_dead_alive(
    writer: Writer, owner: Owner, wall: Clock, steady: Clock
) -> None:
    other = await add(writer, AWAY, expires=wall.now + 60)
    wall.now -= 1e6
    assert not await is_dead(writer, owner, other)
    steady.now += 61
    assert await is_dead(writer, owner, other)


async def test_leases_without_an_owner_are_nobody_s(writer: Writer, owner: Owner) -> None:
    other = await add(writer, HERE)
    await writer.submit(lambda c: c.execute("DELETE FROM owners"))
    assert await is_dead(writer, owner, other)


async def test_signing_buries_the_dead_and_the_heart_beats(
    path: Path, writer: Writer, wall: Clock
) -> None:
    await add(writer, Process(HERE.host, os.getpid(), "12"))
    owner = Owner(writer, lease_s=0.04, clock=wall)
    await writer.submit(owner.sign)
    read = lambda c: c.execute("SELECT id, beat, expires FROM owners").fetchall()  # noqa: E731
    assert await writer.submit(read) == [(owner.id, 0, wall.now + 0.04)]
    wall.now += 100
    for _ in range(400):
        rows = await writer.submit(read)
        if rows[0][1] >= 2:
            break
        await asyncio.sleep(0.005)
    assert rows[0][1] >= 2
    assert rows[0][2] == wall.now + 0.04


async def test_a_signature_that_was_taken_back_does_not_count(writer: Writer, owner: Owner) -> None:
    def run(c: sqlite3.Connection) -> None:
        owner.sign(c)
        raise KeyError

    with pytest.raises(KeyError):
        await writer.submit(run)
    assert owner.id == 0


def test_this_process_lives_and_is_here() -> None:
    assert this_process() == HERE
    assert HERE.is_here()
    assert not HERE.is_dead()
    assert not AWAY.is_here()
    assert not AWAY.is_dead()


def test_where_there_is_no_proc_ps_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = process_module._started_by_ps(os.getpid())
    assert ours
    assert ours == process_module._started_by_ps(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert process_module._started_by_ps(child.pid) == ""
    monkeypatch.setenv("PATH", "")
    assert process_module._started_by_ps(os.getpid()) is None
