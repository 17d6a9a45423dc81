"""The journal's rows and the way to them by key, in the writer's transaction.

Rows are appended to ``journal``. A random key inserted into a B-tree costs a page write by itself
(20 µs an item here), so keys are not indexed one by one: the newest rows' keys are kept in memory
(the tail, at most `TAIL` of them), and the whole tail is put into ``journal_index`` as one sorted
group (0.5 µs an item). ``marks`` says up to which id that was done. A process that opens the store
reads the tail once, and afterwards the rows that others appended.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from ai_catalyst.store.packing import KEYS
from ai_catalyst.store.writer import Writer

__all__ = ["TAIL", "Found", "JournalRows", "pack", "settle"]

TAIL = 16_384
"""Rows whose keys are not in the index yet, at the most; about 2 MB of memory."""

_STATE = """
SELECT (SELECT value FROM marks WHERE name = 'journal'),
       (SELECT seq FROM sqlite_sequence WHERE name = 'journal')
"""
_IN_INDEX = f"""
SELECT i.id FROM json_each(?2) AS e CROSS JOIN journal_index AS i ON i.key = {KEYS}
"""  # noqa: S608 - no outside text
_BY_ID = """
SELECT j.key, j.id, j.state, j.value, j.run FROM json_each(?1) AS e CROSS JOIN journal AS j
ON j.id = e.value
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A row of the journal."""

    id: int
    state: str
    value: bytes | None
    run: str


class JournalRows:
    """Finds rows by key; every method runs in the writer's thread, in a transaction."""

    def __init__(self, writer: Writer, *, tail: int = TAIL) -> None:
        """Remember nothing yet."""
        self._writer = writer
        self._tended = False
        self._rollbacks = -1
        self._limit = tail
        self._tail: dict[bytes, int] = {}
        self._mark = 0
        self._last = 0

    def refresh(self, connection: sqlite3.Connection) -> dict[bytes, int]:
        """Learn what was appended, or settled, since the last time; return the new rows."""
        if self._writer.rollbacks != self._rollbacks:  # what we remember may have been taken back
            self._rollbacks, self._mark, self._last = self._writer.rollbacks, 0, 0
            self._tail.clear()
        mark, last = connection.execute(_STATE).fetchone()
        mark, last = mark or 0, last or 0
        if mark != self._mark:
            self._tail = {key: row for key, row in self._tail.items() if row > mark}
            self._mark = mark
        if last == self._last:
            return {}
        if not self._tended:
            self._tended = True
            self._writer.at_close(settle)
        since = max(self._last, mark)
        new = dict(connection.execute("SELECT key, id FROM journal WHERE id > ?", (since,)))
        self._tail.update(new)
        self._last = last
        return new

    def find(self, connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, Found]:
        """Return the rows of those keys that have one."""
        tail = self._tail
        ids = [] if tail.keys().isdisjoint(keys) else [tail[key] for key in keys if key in tail]
        if self._mark:
            ids += [row[0] for row in connection.execute(_IN_INDEX, pack(keys))]
        if not ids:
            return {}
        rows = connection.execute(_BY_ID, (json.dumps(ids),))
        return {key: Found(id_, state, value, run) for key, id_, state, value, run in rows}

    def appended(self, keys: Sequence[bytes], last: int) -> None:
        """Note rows just appended by one statement, in the order of their keys."""
        self._tail.update(zip(keys, range(last - len(keys) + 1, last + 1), strict=True))
        self._last = last

    def settle_when_long(self, connection: sqlite3.Connection) -> None:
        """Put the tail into the index when it is as long as it may be."""
        if len(self._tail) >= self._limit:
            settle(connection)


def settle(connection: sqlite3.Connection) -> None:
    """Put the keys of all rows into the index."""
    connection.execute(
        "INSERT INTO journal_index(key, id) SELECT key, id FROM journal WHERE id > "
        "coalesce((SELECT value FROM marks WHERE name = 'journal'), 0) ORDER BY key "
        "ON CONFLICT DO UPDATE SET id = excluded.id"
    )
    connection.execute(
        "INSERT INTO marks(name, value) SELECT 'journal', coalesce(max(id), 0) FROM journal "
        "WHERE true ON CONFLICT DO UPDATE SET value = max(value, excluded.value)"
    )


def pack(keys: Sequence[bytes]) -> tuple[bytes, str]:
    """Return keys as a blob, and a JSON array that is as long."""
    return b"".join(keys), f"[{'0,' * (len(keys) - 1)}0]"
