"""SQLite's errors, mapped where they enter: what is wrong with the file, and what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ai_catalyst.errors import StoreError

__all__ = ["code_of", "explain", "is_busy"]

_SAYS = {
    sqlite3.SQLITE_FULL: "is on a full disk: make room, then run the same command again",
    sqlite3.SQLITE_IOERR: "cannot be read or written (input/output error): check the disk and "
    "the room on it, then run the same command again",
    sqlite3.SQLITE_READONLY: "is not writable: check the owner and mode of the file and its "
    "folder, or set CATALYST_HOME to another one",
    sqlite3.SQLITE_PERM: "is not accessible: check the owner and mode of the file",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: check that its folder is there and writable",
    sqlite3.SQLITE_CORRUPT: "is damaged: move it away (results are computed anew) or bring back "
    "a copy",
    sqlite3.SQLITE_NOTADB: "is not a store: move the file away, or name another one",
    sqlite3.SQLITE_BUSY: "is held by another process: wait for it or stop it, then try again",
    sqlite3.SQLITE_LOCKED: "is held by another connection: wait for it, then try again",
    sqlite3.SQLITE_PROTOCOL: "is held by another process: wait for it or stop it, then try again",
    sqlite3.SQLITE_NOMEM: "needs more memory than there is",
    sqlite3.SQLITE_TOOBIG: "was given a value larger than SQLite can hold",
    sqlite3.SQLITE_NOLFS: "is larger than this file system allows",
}


def code_of(error: sqlite3.Error) -> int:
    """Return the primary result code of an error, 0 when it has none."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def is_busy(error: BaseException) -> bool:
    """Tell whether another connection holds the lock."""
    return isinstance(error, sqlite3.Error) and code_of(error) == sqlite3.SQLITE_BUSY


def explain(error: BaseException, path: Path | str) -> BaseException:
    """Return a `StoreError` for a fault of the file; any other error as it is.

    A broken constraint or a wrong statement is the caller's, and stays what sqlite3 raised.
    """
    if not isinstance(error, sqlite3.Error):
        return error
    says = _SAYS.get(code_of(error))
    if says is None:
        return error
    mapped = StoreError(f"the store {path} {says}")
    mapped.__cause__ = error
    return mapped
