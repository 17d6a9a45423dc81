"""Connections to the store's file: one way to open them, one set of pragmas."""

from __future__ import annotations

import sqlite3
from pathlib import Path

__all__ = ["open_reader", "open_writer"]

_CACHE_KIB = 8 * 1024
_WAL_PAGES = 4000
"""Checkpoint at about 16 MB: a page written often in between is copied once."""


def open_writer(path: Path, *, busy_s: float) -> sqlite3.Connection:
    """Open the file for reading and writing; transactions are begun by hand.

    ``busy_s`` is how long SQLite itself waits for a lock of another process.
    """
    connection = _open(path, busy_s)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        # Even ON leaves copies behind when pages are split; `forget` rewrites the file instead.
        connection.execute("PRAGMA secure_delete=OFF")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
        connection.execute("PRAGMA journal_size_limit=67108864")
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path, *, busy_s: float) -> sqlite3.Connection:
    """Open the file for reading; rows are read by name and index."""
    connection = _open(path, busy_s)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA query_only=ON")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    except BaseException:
        connection.close()
        raise
    return connection


def _open(path: Path, busy_s: float) -> sqlite3.Connection:
    return sqlite3.connect(
        path,
        timeout=busy_s,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
