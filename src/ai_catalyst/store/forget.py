"""Forgetting: a document and all that came of it, gone from the file, not only from sight.

SQLite keeps copies of deleted rows: in free space, in pages it has split (also with
``secure_delete``), in the write-ahead log. So the rows are deleted, the file is rewritten without
them (VACUUM), and the log is emptied. PostgreSQL keeps deleted rows until its tables are vacuumed;
its log and copies of it are its keeper's. A mark says that this is due until it is done, so that
the same command after a crash finishes the work.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.store.faults import explain
from ai_catalyst.store.packing import clean
from ai_catalyst.store.scripts import Ask, Script

__all__ = [
    "DOCUMENT_COLUMNS",
    "Forgotten",
    "Target",
    "delete",
    "documents_of_run",
    "erase",
    "erasure_due",
    "vacuum",
]

DOCUMENT_COLUMNS = [
    ("journal", "label"),
    ("run_items", "uri"),
    ("shared_leases", "label"),
    ("poisoned", "label"),
    ("cache", "label"),
    ("cache", "key"),
    ("articles", "url"),
    ("pdf_records", "file_name"),
    ("passages", "document"),
    ("assistant_documents", "uri"),
]
"""Where a document's URI stands: rows there go with it. A wing with its own table adds it."""

_AGES = (
    ("runs", "started"),
    ("cache", "saved"),
    ("articles", "updated"),
    ("pdf_documents", "updated"),
    ("egress", "at"),
    ("costs", "at"),
)
_CHECKPOINT_S = 10.0
_VACUUM_S = 3600.0


class Forgotten(msgspec.Struct, frozen=True):
    """What was erased: documents (distinct URIs) and rows of all tables."""

    documents: int
    rows: int


class Target(msgspec.Struct, frozen=True):
    """What to forget: a URI (a folder when it ends with ``/``), a run, or what is older.

    ``before`` is a time in seconds since the epoch; ``also`` are URIs to forget with it.
    """

    name: str | None = None
    before: float | None = None
    also: frozenset[str] = frozenset()

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
        return uri == name or first <= uri < end or uri in self.also


Labels = Callable[[], Script[Iterable[str]]]
"""Says which documents live runs are working on."""


def documents_of_run(target: Target) -> Script[set[str]]:
    """Return the URIs of a run's documents; none when no run is meant."""
    rows = yield Ask("SELECT uri FROM run_items WHERE run = ?", target.span()[:1])
    return {row[0] for row in rows}


def delete(target: Target, leased: Labels, *, postgres: bool = False) -> Script[Forgotten]:
    """Delete the rows of a target, in one transaction.

    Raises `StoreError` when a live run is working on one of the documents.
    """
    key = "bytea" if postgres else "BLOB"
    yield Ask("CREATE TEMP TABLE doomed(uri TEXT PRIMARY KEY)")
    yield Ask(f"CREATE TEMP TABLE doomed_keys(key {key} PRIMARY KEY)")
    older = 0
    if target.before is None:
        yield from _choose(target, 'COLLATE "C"' if postgres else "")
    else:
        older = yield from _choose_older(target.before)
    yield from _refuse_busy(target, leased)
    yield from _choose_keys()
    documents = older + (yield from _one("SELECT count(*) FROM doomed"))
    rows = yield from _delete_chosen(postgres)
    if target.before is not None:
        rows += yield from _delete_older(target.before, postgres)
    if rows:
        yield Ask("INSERT INTO marks(name, value) VALUES ('erase', 1) ON CONFLICT DO NOTHING")
    yield Ask("DROP TABLE doomed")
    yield Ask("DROP TABLE doomed_keys")
    return Forgotten(documents, rows)


def erasure_due() -> Script[bool]:
    """Tell whether deleted rows have left traces."""
    return bool((yield Ask("SELECT 1 FROM marks WHERE name = 'erase'")))


async def vacuum(connection: Any) -> None:
    """Have PostgreSQL drop deleted rows from its tables, outside any transaction."""
    tables = {table for table, _ in (*DOCUMENT_COLUMNS, *_AGES)} | {"run_items"}
    await connection.execute(f"VACUUM {', '.join(sorted(tables))}", timeout=_VACUUM_S)
    await connection.execute("DELETE FROM marks WHERE name = 'erase'")


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


def _one(sql: str) -> Script[int]:
    return int((yield Ask(sql))[0][0])


def _deleted(sql: str, parameters: tuple[object, ...], postgres: bool) -> Script[int]:
    """Delete, and return how many rows that were."""
    if postgres:
        counted = f"WITH gone AS ({sql} RETURNING 1) SELECT count(*) FROM gone"  # noqa: S608 - ours
        return int((yield Ask(counted, parameters))[0][0])
    yield Ask(sql, parameters)
    return (yield from _one("SELECT changes()"))


def _choose(target: Target, bytewise: str) -> Script[None]:
    span = target.span()
    for table, column in DOCUMENT_COLUMNS:
        yield Ask(
            f"INSERT INTO doomed SELECT {column} FROM {table} WHERE {column} = ?1 "  # noqa: S608
            f"OR ({column} {bytewise} >= ?2 AND {column} {bytewise} < ?3) ON CONFLICT DO NOTHING",
            span,
        )
    run = span[:1]
    yield Ask(
        "INSERT INTO doomed SELECT uri FROM run_items WHERE run = ? ON CONFLICT DO NOTHING", run
    )
    yield Ask(
        "INSERT INTO doomed_keys SELECT key FROM journal WHERE run = ? ON CONFLICT DO NOTHING", run
    )
    also = [(uri,) for uri in target.also]
    yield Ask("INSERT INTO doomed VALUES (?) ON CONFLICT DO NOTHING", also, many=True)
    yield Ask("DELETE FROM runs WHERE id = ?", run)


def _choose_older(before: float) -> Script[int]:
    """Take the old results; a document that a newer run named stays named there."""
    yield Ask("INSERT INTO doomed_keys SELECT key FROM journal WHERE updated < ?", (before,))
    sql = "SELECT count(DISTINCT label) FROM journal WHERE updated < ?"
    return int((yield Ask(sql, (before,)))[0][0])


def _choose_keys() -> Script[None]:
    """Take the results of the documents too, whichever equal document they were made for."""
    yield Ask(
        "INSERT INTO doomed_keys SELECT key FROM run_items WHERE key IS NOT NULL "
        "AND uri IN (SELECT uri FROM doomed) ON CONFLICT DO NOTHING"
    )
    yield Ask(
        "INSERT INTO doomed_keys SELECT key FROM journal "
        "WHERE label IN (SELECT uri FROM doomed) ON CONFLICT DO NOTHING"
    )


def _refuse_busy(target: Target, leased: Labels) -> Script[None]:
    doomed = {row[0] for row in (yield Ask("SELECT uri FROM doomed"))}
    for label in (yield from leased()):
        if target.name is not None and (target.matches(label) or label in doomed):
            raise StoreError(
                "a run is working on what is to be forgotten: stop it, then forget again"
            )


def _delete_chosen(postgres: bool) -> Script[int]:
    rows = yield from _deleted(
        "DELETE FROM journal WHERE key IN (SELECT key FROM doomed_keys)", (), postgres
    )
    if not postgres:
        rows += yield from _deleted(
            "DELETE FROM journal_index WHERE entry & 2147483647 NOT IN (SELECT id FROM journal)",
            (),
            postgres,
        )
    for table, column in DOCUMENT_COLUMNS:
        sql = f"DELETE FROM {table} WHERE {column} IN (SELECT uri FROM doomed)"  # noqa: S608
        rows += yield from _deleted(sql, (), postgres)
    return rows


def _delete_older(before: float, postgres: bool) -> Script[int]:
    sql = "DELETE FROM run_items WHERE run IN (SELECT id FROM runs WHERE started < ?)"
    rows = yield from _deleted(sql, (before,), postgres)
    for table, column in _AGES:
        sql = f"DELETE FROM {table} WHERE {column} < ?"  # noqa: S608 - ours
        rows += yield from _deleted(sql, (before,), postgres)
    return rows
