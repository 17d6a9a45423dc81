"""Files that are damaged, full, read-only or not ours: each error names the file and a way out."""

import asyncio
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from ai_catalyst.engine.journal import Entry, State
from ai_catalyst.errors import StoreError
from ai_catalyst.store import Store
from ai_catalyst.store.faults import explain


async def use(path: Path) -> None:
    async with Store(path, busy_s=0.1) as store:
        await store.start_run("x")


async def fill(path: Path) -> None:
    async with Store(path) as store:
        journal = store.journal()
        work = [Entry(os.urandom(32), str(n)) for n in range(500)]
        await journal.lease(work)
        await journal.commit([(e.key, b"v" * 100) for e in work])


def test_what_is_not_a_database_is_not_touched(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"some text that somebody wrote " * 100)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"catalyst\.db is not a store"):
        asyncio.run(use(path))
    assert path.read_bytes() == before


def test_a_damaged_file_is_said_to_be_damaged(path: Path) -> None:
    asyncio.run(fill(path))
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = os.urandom(200)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"catalyst\.db is damaged"):
        asyncio.run(fill(path))


def test_a_folder_in_the_place_of_the_file_is_an_error(path: Path) -> None:
    (path / "catalyst.db").mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be opened"):
        asyncio.run(use(path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_an_error_that_says_so(path: Path) -> None:  # pragma: no cover
    path.parent.mkdir(mode=0o500)
    with pytest.raises(StoreError, match="CATALYST_HOME"):
        asyncio.run(use(path))


def test_a_store_that_became_read_only_is_an_error_that_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so the connection is made read-only instead."""
    from ai_catalyst.store import commits as module

    def read_only(path: Path, *, busy_s: float) -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )

    asyncio.run(use(path))
    monkeypatch.setattr(module, "open_writer", read_only)
    with pytest.raises(StoreError, match="not writable"):
        asyncio.run(use(path))


def test_after_a_fault_was_mended_the_same_store_goes_on(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, for now " * 100)

    async def main() -> None:
        async with Store(path) as store:
            with pytest.raises(StoreError):
                await store.start_run("x")
            path.unlink()
            assert await store.start_run("x")

    asyncio.run(main())


async def test_a_full_disk_stops_a_run_and_room_lets_it_go_on(path: Path) -> None:
    work = [Entry(os.urandom(32), str(n)) for n in range(200)]
    async with Store(path) as store:
        journal = store.journal()
        await journal.lease(work)
        await journal.commit([(e.key, b"v" * 100) for e in work[:50]])
        pages = await store.read(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
        await store.writer.maintain(lambda c: c.execute(f"PRAGMA max_page_count={pages}"))
        with pytest.raises(StoreError, match="full disk"):
            await journal.commit([(e.key, b"v" * 10_000) for e in work[50:]])
        assert (await journal.counts())["done"] == 50
        await store.writer.maintain(lambda c: c.execute("PRAGMA max_page_count=1000000"))
        await journal.commit([(e.key, b"v" * 10_000) for e in work[50:]])
        claims = await journal.lease(work)
        assert {claim.state for claim in claims} == {State.DONE}


FILL_DISK = """
import asyncio, os, sys
from ai_catalyst.engine.journal import Entry
from ai_catalyst.errors import StoreError
from ai_catalyst.store import Store

async def main(path):
    committed = 0
    async with Store(path) as store:
        journal = store.journal()
        try:
            while True:
                group = [Entry(os.urandom(32), "x") for _ in range(20)]
                await journal.lease(group)
                await journal.commit([(e.key, b"v" * 1000) for e in group])
                committed += 20
        except StoreError as error:
            print(committed, error)

asyncio.run(main(sys.argv[1]))
"""


def test_a_disk_that_is_really_full_loses_nothing_that_was_committed(
    tmp_path: Path, program
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a small disk")
    try:
        told, _ = program(FILL_DISK, disk / "catalyst.db").communicate()
        committed, _, message = told.partition(" ")
        assert "make room" in message or "the room on it" in message
        assert str(disk / "catalyst.db") in message
        connection = sqlite3.connect(disk / "catalyst.db")
        count = connection.execute("SELECT count(*) FROM journal").fetchone()[0]
        connection.close()
        assert count == int(committed) > 100
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_errors_that_are_not_the_file_s_stay_what_they_are(path: Path) -> None:
    for error in (sqlite3.IntegrityError("unique"), sqlite3.OperationalError("syntax"), KeyError()):
        assert explain(error, path) is error
