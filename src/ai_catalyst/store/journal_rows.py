"""The journal's rows and the way to them by key, in the writer's transaction.

Rows are appended to ``journal``. A random key inserted into a B-tree costs a page write by itself
(about 20 µs an item), so keys are not indexed one by one: those of the newest rows are kept in
memory (the tail, at most `TAIL`), and the whole tail is put into ``journal_index`` as one sorted
group (about 1 µs an item). ``marks`` says up to which row that was done. A process that opens the
store reads the tail once, and afterwards the rows that others appended.

An entry of the index is one integer: the CRC-32 of the key, then the row's id. Keys that collide
are told apart by looking at the row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

from ai_catalyst.store.scripts import Ask, Script
from ai_catalyst.store.writer import Writer

__all__ = ["TAIL", "Found", "JournalRows", "find_settled"]

TAIL = 16_384
"""Rows whose keys are not in the index yet, at the most; about 2 MB of memory."""

_ID_BITS = 31
_MARK = "SELECT value FROM marks WHERE name = 'journal'"
_IN_INDEX = f"""
SELECT i.entry & {(1 << _ID_BITS) - 1} FROM json_each(?1) AS e CROSS JOIN journal_index AS i
ON i.entry >= e.value AND i.entry < e.value + {1 << _ID_BITS}
"""  # noqa: S608 - no outside text
_BY_ID = """
SELECT j.key, j.id, j.state, j.value, j.run, j.error FROM json_each(?1) AS e CROSS JOIN journal AS j
ON j.id = e.value
"""


class Found(NamedTuple):
    """A row of the journal."""

    id: int
    state: str
    value: bytes | None
    run: str
    error: str | None


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
            ids += _in_index(connection, keys)
        return _by_id(connection, ids, keys) if ids else {}

    def appended(self, keys: Sequence[bytes], last: int) -> None:
        """Note rows just appended by one statement, in the order of their keys."""
        self._writer.undo(self._start_over)
        self._tail.update(zip(keys, range(last - len(keys) + 1, last + 1), strict=True))
        self._last = last
        if not self._tended:
            self._tended = True
            self._writer.at_close(self.settle)

    def settle_when_long(self, connection: sqlite3.Connection) -> None:
        """Put the tail into the index when it is as long as it may be."""
        if len(self._tail) >= self._limit:
            self.settle(connection)

    def settle(self, connection: sqlite3.Connection) -> None:
        """Put the keys of all rows into the index."""
        mark, last = connection.execute(
            f"SELECT ({_MARK}), (SELECT seq FROM sqlite_sequence WHERE name = 'journal')"  # noqa: S608
        ).fetchone()
        self.learn(connection, mark or 0, last or 0)
        if not self._tail:
            return
        hashes = zip(map(crc32, self._tail), self._tail.values(), strict=True)
        entries = sorted(hash_ << _ID_BITS | id_ for hash_, id_ in hashes)
        connection.execute(
            "INSERT OR IGNORE INTO journal_index(entry) SELECT value FROM json_each(?)",
            (msgspec.json.encode(entries).decode(),),
        )
        connection.execute(
            "INSERT INTO marks(name, value) VALUES ('journal', ?1) "
            "ON CONFLICT DO UPDATE SET value = ?1",
            (self._last,),
        )

    def _start_over(self) -> None:
        self._tail.clear()
        self._mark = self._last = 0


def find_settled(keys: Sequence[bytes]) -> Script[dict[bytes, Found]]:
    """Return the rows of keys on any connection, as far as they are in the index."""
    ids = [row[0] for row in (yield Ask(_IN_INDEX, (_wanted(keys),)))]
    if not ids:
        return {}
    return _chosen((yield Ask(_BY_ID, (_listed(ids),))), keys)


def _in_index(connection: sqlite3.Connection, keys: Sequence[bytes]) -> list[int]:
    """Return the ids of rows that may have one of the keys."""
    return [row[0] for row in connection.execute(_IN_INDEX, (_wanted(keys),))]


def _by_id(
    connection: sqlite3.Connection, ids: Sequence[int], keys: Sequence[bytes]
) -> dict[bytes, Found]:
    return _chosen(connection.execute(_BY_ID, (_listed(ids),)), keys)


def _wanted(keys: Sequence[bytes]) -> str:
    return _listed([crc32(key) << _ID_BITS for key in keys])


def _listed(numbers: Sequence[int]) -> str:
    return msgspec.json.encode(numbers).decode()


def _chosen(rows: Iterable[Any], keys: Sequence[bytes]) -> dict[bytes, Found]:
    wanted = set(keys)  # equal hashes are not yet equal keys
    return {row[0]: Found(*tuple(row)[1:]) for row in rows if row[0] in wanted}
