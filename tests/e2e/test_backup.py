"""The state in one file and back, as `docs/how-to/deploy.md` says."""

from __future__ import annotations

import io
import shutil
import sqlite3
import tarfile
import threading
from pathlib import Path

from program import Catalyst


def run_once(catalyst: Catalyst) -> None:
    (catalyst.folder / "a.txt").write_text("The okapi lives in the forest. It is shy.\n" * 5)
    catalyst("run", "a.txt", "--model", "none")


def test_a_state_is_kept_and_put_back_whole(catalyst: Catalyst) -> None:
    run_once(catalyst)
    before = catalyst("stats", "--json").stdout
    catalyst("backup", "state.tar.gz")
    kept = catalyst.folder / "state.tar.gz"
    assert kept.stat().st_mode & 0o077 == 0
    shutil.rmtree(catalyst.folder / ".catalyst")
    catalyst("restore", "state.tar.gz")
    assert (catalyst.folder / ".catalyst").stat().st_mode & 0o777 == 0o700
    after = catalyst("stats", "--json").stdout
    assert before.count("journal") == after.count("journal")
    again = catalyst("run", "a.txt", "--model", "none", "--json")
    assert again.returncode == 0


def test_a_backup_of_a_busy_database_is_one_moment_of_it(catalyst: Catalyst) -> None:
    run_once(catalyst)
    path = catalyst.folder / ".catalyst" / "catalyst.db"
    stop = threading.Event()

    def write() -> None:
        database = sqlite3.connect(path, timeout=30, isolation_level=None)
        database.execute("CREATE TABLE IF NOT EXISTS pairs (a INTEGER, b INTEGER)")
        number = 0
        while not stop.is_set():
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT INTO pairs VALUES (?, 0)", (number,))
            database.execute("INSERT INTO pairs VALUES (?, 1)", (number,))
            database.execute("COMMIT")
            number += 1
        database.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        catalyst("backup", "busy.tar.gz")
    finally:
        stop.set()
        writer.join()
    shutil.rmtree(catalyst.folder / ".catalyst")
    catalyst("restore", "busy.tar.gz")
    database = sqlite3.connect(path)
    odd = database.execute("SELECT count(*) FROM pairs GROUP BY a HAVING count(*) <> 2").fetchall()
    database.close()
    assert odd == []


def test_nothing_is_replaced_unasked(catalyst: Catalyst) -> None:
    run_once(catalyst)
    catalyst("backup", "state.tar.gz")
    assert "--force" in catalyst("backup", "state.tar.gz", exits=2).stderr
    assert "--force" in catalyst("restore", "state.tar.gz", exits=2).stderr
    catalyst("restore", "state.tar.gz", "--force")


def test_what_is_no_backup_changes_nothing(catalyst: Catalyst) -> None:
    run_once(catalyst)
    (catalyst.folder / "bad.tar.gz").write_bytes(b"nothing")
    evil = io.BytesIO()
    with tarfile.open(fileobj=evil, mode="w:gz") as archive:
        info = tarfile.TarInfo("../escaped.txt")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"evil"))
    (catalyst.folder / "evil.tar.gz").write_bytes(evil.getvalue())
    for name in ("bad.tar.gz", "evil.tar.gz", "missing.tar.gz"):
        said = catalyst("restore", name, "--force", exits=2).stderr
        assert name in said
    assert not (catalyst.folder / "escaped.txt").exists()
    catalyst("stats")
    assert not list(Path(catalyst.folder).glob(".restore-*"))
