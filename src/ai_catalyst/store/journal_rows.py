"""The journal's rows and the way to them by key, in the writer's transaction.

Rows are appended to ``journal``. A random key inserted into a B-tree costs a page write by itself
(about 20 µs an item), so keys are not indexed one by one: those of the newest rows are kept in
memory (the tail, at most `TAIL`), and the whole tail is put into ``journal_index`` as one sorted
group (about 1 µs an item). ``marks`` says up to which row that was done. A process that opens the
store reads the tail once, and afterwards the rows that others appended.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from ai_catalyst.store.packing import PREFIX
from ai_catalyst.store.writer import Writer

__all__ = ["TAIL", "Found", "JournalRows", "settle"]

TAIL = 16_384
"""Rows whose keys are not in the index yet, at the most; about 2 MB of memory."""

_IN_INDEX = f"""
SELECT i.id FROM json_each(?2) AS e CROSS JOIN journal_index AS i ON i.prefix = {PREFIX}
"""  # noqa: S608 - no outside text
_BY_ID = """
SELECT j.key, j.id, j.state, j.value, j.run FROM json_each(?1) AS e CROSS JOIN journal AS j
ON j.id = e.value
"""


class Found(NamedTuple):
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
        self._limit = tail
        self._tail: dict[bytes, int] = {}
        self._mark = 0
        self._last = 0
        self._tended = False

    def learn(self, connection: sqlite3.Connection, mark: int, last: int) -> dict[bytes, int]:
        """Learn what others appended, or settled, since the last time; return the new rows.

        ``mark`` is the last row whose key is in the index, ``last`` the last row there ever was.
        """
        if mark != self._mark:
            self._tail = {key: row for key, row in self._tail.items() if row > mark}
            self._mark = mark
        if last == self._last:
            return {}
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
            places = f"[{'0,' * (len(keys) - 1)}0]"
            ids += [row[0] for row in connection.execute(_IN_INDEX, (b"".join(keys), places))]
        if not ids:
            return {}
        rows = connection.execute(_BY_ID, (msgspec.json.encode(ids).decode(),))
        wanted = set(keys)  # equal prefixes are not yet equal keys
        return {row[0]: Found(*row[1:]) for row in rows if row[0] in wanted}

    def appended(self, keys: Sequence[bytes], last: int) -> None:
        """Note rows just appended by one statement, in the order of their keys."""
        self._writer.undo(self._start_over)
        self._tail.update(zip(keys, range(last - len(keys) + 1, last + 1), strict=True))
        self._last = last
        if not self._tended:
            self._tended = True
            self._writer.at_close(settle)

    def settle_when_long(self, connection: sqlite3.Connection) -> None:
        """Put the tail into the index when it is as long as it may be."""
        if len(self._tail) >= self._limit:
            settle(connection)

    def _start_over(self) -> None:
        self._tail.clear()
        self._mark = self._last = 0


def settle(connection: sqlite3.Connection) -> None:
    """Put the keys of all rows into the index."""
    connection.execute(
        "INSERT OR IGNORE INTO journal_index(prefix, id) SELECT substr(key, 1, 8), id "
        "FROM journal WHERE id > "
        "coalesce((SELECT value FROM marks WHERE name = 'journal'), 0) ORDER BY 1"
    )
    connection.execute(
        "INSERT INTO marks(name, value) SELECT 'journal', coalesce(max(id), 0) FROM journal "
        "WHERE true ON CONFLICT DO UPDATE SET value = max(value, excluded.value)"
    )
