"""Forgetting: a document and all that came of it, gone from the file, not only from sight.

SQLite keeps copies of deleted rows: in free space, in pages it has split (also with
``secure_delete``), in the write-ahead log. So the rows are deleted, the file is rewritten without
them (VACUUM), and the log is emptied. A mark says that this is due until it is done, so that the
same command after a crash finishes the work.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import msgspec

from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.store.faults import explain
from ai_catalyst.store.packing import clean
from ai_catalyst.store.register import Register

__all__ = ["DOCUMENT_COLUMNS", "Forgotten", "Target", "delete", "erase", "erasure_due"]

DOCUMENT_COLUMNS = [
    ("journal", "label"),
    ("run_items", "uri"),
    ("cache", "label"),
    ("cache", "key"),
    ("articles", "url"),
    ("pdf_records", "file_name"),
    ("passages", "document"),
    ("assistant_documents", "uri"),
]
"""Where a document's URI stands: rows there go with it. A wing with its own table adds it."""

_CHECKPOINT_S = 10.0


class Forgotten(msgspec.Struct, frozen=True):
    """What was erased: documents (distinct URIs) and rows of all tables."""

    documents: int
    rows: int


class Target(msgspec.Struct, frozen=True):
    """What to forget: a URI (a folder when it ends with ``/``), a run, or what is older.

    ``before`` is a time in seconds since the epoch.
    """

    name: str | None = None
    before: float | None = None

    def __post_init__(self) -> None:
        """Refuse a target that names nothing, or everything."""
        if (self.name is None) == (self.before is None) or self.name == "":
            raise UserError("forget a URI, a run, or what is older than a time: one of them")

    def span(self) -> tuple[str, str, str]:
        """Return the URI meant, and the span (from, up to but without) of those meant with it.

        They are the parts of a document, or everything below a folder.
        """
        name = clean(self.name or "")
        if name.endswith("/"):
            return name, name, f"{name[:-1]}0"  # "0" comes after "/"
        return name, f"{name}#", f"{name}$"  # "$" comes after "#"

    def matches(self, uri: str) -> bool:
        """Tell whether a document is meant."""
        name, first, end = self.span()
        uri = clean(uri)
        return uri == name or first <= uri < end

    def documents_of_run(self, connection: sqlite3.Connection) -> set[str]:
        """Return the URIs of a run's documents; none when no run is meant."""
        rows = connection.execute("SELECT uri FROM run_items WHERE run = ?", self.span()[:1])
        return {row[0] for row in rows}


def delete(connection: sqlite3.Connection, target: Target, register: Register) -> Forgotten:
    """Delete the rows of a target, in the writer's transaction.

    Raises `StoreError` when a live run is working on one of the documents.
    """
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS doomed(uri TEXT PRIMARY KEY)")
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS doomed_keys(key BLOB PRIMARY KEY)")
    older = 0
    try:
        register.rows.settle(connection)
        if target.before is None:
            _choose(connection, target)
        else:
            older = _choose_older(connection, target.before)
        _refuse_busy(connection, target, register)
        _choose_keys(connection)
        before = connection.total_changes
        documents = older + _delete_chosen(connection)
        if target.before is not None:
            _delete_older(connection, target.before)
        rows = connection.total_changes - before
        if rows:
            connection.execute("INSERT OR IGNORE INTO marks(name, value) VALUES ('erase', 1)")
    finally:
        connection.execute("DROP TABLE IF EXISTS temp.doomed")
        connection.execute("DROP TABLE IF EXISTS temp.doomed_keys")
    return Forgotten(documents, rows)


def erasure_due(connection: sqlite3.Connection) -> bool:
    """Tell whether deleted rows have left traces in the file."""
    return bool(connection.execute("SELECT 1 FROM marks WHERE name = 'erase'").fetchone())


def erase(connection: sqlite3.Connection, path: Path) -> None:
    """Rewrite the file without traces of what was deleted, outside any transaction.

    Raises `StoreError` when there is no room, or when another process keeps reading the old state.
    """
    try:
        _purge_search(connection)
        connection.execute("VACUUM")
        deadline = time.monotonic() + _CHECKPOINT_S
        while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > deadline:
                raise StoreError(
                    f"forgotten, but another process still reads the store {path}: stop it, then "
                    "forget again to remove the last traces"
                )
            time.sleep(0.05)
        connection.execute("DELETE FROM marks WHERE name = 'erase'")
    except sqlite3.Error as error:
        mapped = explain(error, path)
        raise StoreError(
            f"forgotten, but traces stay in the file for now: {mapped}; then forget again"
        ) from error


def _purge_search(connection: sqlite3.Connection) -> None:
    """Take deleted words out of full-text indexes: until their parts are merged they stay."""
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE % USING fts5%'"
    ).fetchall():
        connection.execute(f"INSERT INTO {name}({name}) VALUES ('optimize')")  # noqa: S608 - ours


def _choose(connection: sqlite3.Connection, target: Target) -> None:
    span = target.span()
    for table, column in DOCUMENT_COLUMNS:
        connection.execute(
            f"INSERT OR IGNORE INTO temp.doomed SELECT {column} FROM {table} "  # noqa: S608 - ours
            f"WHERE {column} = ?1 OR ({column} >= ?2 AND {column} < ?3)",
            span,
        )
    run = span[:1]
    connection.execute(
        "INSERT OR IGNORE INTO temp.doomed SELECT uri FROM run_items WHERE run = ?", run
    )
    connection.execute(
        "INSERT OR IGNORE INTO temp.doomed_keys SELECT key FROM journal WHERE run = ?", run
    )
    connection.execute("DELETE FROM runs WHERE id = ?", run)


def _choose_older(connection: sqlite3.Connection, before: float) -> int:
    """Take the old results; a document that a newer run named stays named there."""
    connection.execute(
        "INSERT INTO temp.doomed_keys SELECT key FROM journal WHERE updated < ?", (before,)
    )
    documents: int = connection.execute(
        "SELECT count(DISTINCT label) FROM journal WHERE updated < ?", (before,)
    ).fetchone()[0]
    return documents


def _choose_keys(connection: sqlite3.Connection) -> None:
    """Take the results of the documents too, whichever equal document they were made for."""
    connection.execute(
        "INSERT OR IGNORE INTO temp.doomed_keys SELECT key FROM run_items "
        "WHERE key IS NOT NULL AND uri IN (SELECT uri FROM temp.doomed)"
    )
    connection.execute(
        "INSERT OR IGNORE INTO temp.doomed_keys SELECT key FROM journal "
        "WHERE label IN (SELECT uri FROM temp.doomed)"
    )


def _refuse_busy(connection: sqlite3.Connection, target: Target, register: Register) -> None:
    register.owner.bury(connection)
    doomed = {row[0] for row in connection.execute("SELECT uri FROM temp.doomed")}
    for (labels,) in connection.execute("SELECT labels FROM leases"):
        for label in msgspec.json.decode(labels):
            if target.name is not None and (target.matches(label) or label in doomed):
                raise StoreError(
                    "a run is working on what is to be forgotten: stop it, then forget again"
                )


def _delete_chosen(connection: sqlite3.Connection) -> int:
    documents: int = connection.execute("SELECT count(*) FROM temp.doomed").fetchone()[0]
    connection.execute("DELETE FROM journal WHERE key IN (SELECT key FROM temp.doomed_keys)")
    connection.execute(
        "DELETE FROM journal_index WHERE entry & 2147483647 NOT IN (SELECT id FROM journal)"
    )
    for table, column in DOCUMENT_COLUMNS:
        connection.execute(
            f"DELETE FROM {table} WHERE {column} IN (SELECT uri FROM temp.doomed)"  # noqa: S608
        )
    return documents


def _delete_older(connection: sqlite3.Connection, before: float) -> None:
    when = (before,)
    connection.execute(
        "DELETE FROM run_items WHERE run IN (SELECT id FROM runs WHERE started < ?)", when
    )
    for table, column in (
        ("runs", "started"),
        ("cache", "saved"),
        ("articles", "updated"),
        ("pdf_documents", "updated"),
        ("egress", "at"),
        ("costs", "at"),
    ):
        connection.execute(f"DELETE FROM {table} WHERE {column} < ?", when)  # noqa: S608 - ours
