"""The cache's second tier: rows of the store's file, read on a connection held open.

A hit costs about 20 µs where it is, on the event loop, five times less than asking a thread; only
large values are read by the readers' threads. A fault of the file is a miss here: what is cached
can be had again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sqlite3
import threading
import zlib
from collections.abc import Callable
from typing import NamedTuple

from ai_catalyst.errors import StoreError
from ai_catalyst.store.connect import open_reader
from ai_catalyst.store.packing import clean
from ai_catalyst.store.readers import Readers
from ai_catalyst.store.writer import Writer

__all__ = ["Disk", "Row"]

log = logging.getLogger(__name__)

INLINE_BYTES = 65_536
"""Values up to here are read on the loop: some tens of microseconds."""
TOUCH_S = 3600.0
"""A row's time of use is written again when it is older than that."""
_CHECKSUM = 4

_GET = f"""
SELECT key, kind, expires, used, label, CASE WHEN size <= {INLINE_BYTES} THEN value END
FROM cache WHERE id = ?
"""  # noqa: S608 - no outside text
_PUT = """
INSERT OR REPLACE INTO cache(id, size, expires, used, saved, kind, label, key, value)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_OLDEST = "SELECT id, size FROM cache ORDER BY used LIMIT 256"


class Row(NamedTuple):
    """A cached value as it was found."""

    value: bytes
    expires: float
    label: str


class Disk:
    """Gets, keeps and evicts rows; ``limit`` is how many bytes of values it keeps."""

    def __init__(self, writer: Writer, readers: Readers, limit: int) -> None:
        """Open nothing yet."""
        self._writer = writer
        self._readers = readers
        self._limit = limit
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._touched: dict[int, float] = {}
        self._grown: int | None = None  # since the total was looked at; None: never
        self._complained = False
        self.evicted = 0

    async def get(self, kind: str, key: str, now: float) -> Row | None:
        """Return a value that is there, whole, and has not expired."""
        id_ = _id(kind, key)
        try:
            if self._connection is None:
                await self._open()
            row = self._select(id_)
            if row is None or (row[0], row[1]) != (clean(key), kind) or row[2] <= now:
                return None
            stored = row[5]
            if stored is None:
                stored = await self._readers.read(lambda c: _value(c, id_))
        except (StoreError, sqlite3.Error) as error:
            self._complain(error)
            return None
        if now - row[3] > TOUCH_S:
            self._touched[id_] = now
        value = _opened(stored)
        return None if value is None else Row(value, row[2], row[4])

    async def put(self, kind: str, key: str, row: Row, now: float) -> None:
        """Keep a value, durably; the least recently used leave when there is no room."""
        size = len(row.value)
        if size > self._limit:
            return
        stored = zlib.crc32(row.value).to_bytes(_CHECKSUM, "little") + row.value
        values = (
            _id(kind, key),
            size,
            row.expires,
            now,
            now,
            kind,
            clean(row.label),
            clean(key),
            stored,
        )

        def run(connection: sqlite3.Connection) -> None:
            connection.execute(_PUT, values)
            self._touch(connection)
            self._make_room(connection, size, now)

        try:
            await self._writer.submit(run)
        except StoreError as error:
            self._complain(error)

    async def clear(self, kind: str | None = None) -> int:
        """Remove all values, or those of a kind, and give the room back; returns how many."""

        def run(connection: sqlite3.Connection) -> int:
            self._grown = None
            return connection.execute(
                "DELETE FROM cache WHERE ?1 IS NULL OR kind = ?1", (kind,)
            ).rowcount

        removed = await self._writer.submit(run)
        if removed:
            await self._writer.maintain(_shrink)
        return removed

    async def forget(self, which: Callable[[str], bool], before: float | None) -> int:
        """Do nothing: the store erases its own rows, all of them in one transaction."""
        return 0

    async def sizes(self) -> dict[str, tuple[int, int]]:
        """Return for each kind how many values there are and their bytes."""
        sql = "SELECT kind, count(*), sum(size) FROM cache GROUP BY kind ORDER BY kind"
        rows = await self._readers.read(lambda c: c.execute(sql).fetchall())
        return {row[0]: (row[1], row[2]) for row in rows}

    async def close(self) -> None:
        """Note what was used and close the connection."""
        with self._lock:
            connection, self._connection = self._connection, None
        if self._touched and connection is not None:
            with contextlib.suppress(StoreError):
                await self._writer.submit(self._touch)
        if connection is not None:
            connection.close()

    async def _open(self) -> None:
        def opened(_: sqlite3.Connection) -> None:
            if self._connection is None:
                connection = open_reader(self._writer.path, busy_s=0)
                connection.execute(_GET, (0,)).fetchone()  # reads the schema and prepares
                self._connection = connection

        await self._writer.maintain(opened)  # in its thread, so one after the other

    def _select(self, id_: int) -> sqlite3.Row | None:
        with self._lock:
            if self._connection is None:
                raise StoreError(f"the store {self._writer.path} is closed")
            # 21 µs on a connection that is held and warm; a hop to a thread costs 100
            row = self._connection.execute(_GET, (id_,)).fetchone()  # catalyst: blocking(21 µs)
            found: sqlite3.Row | None = (
                row  # a cursor that outlived a fault would hold its snapshot
            )
            return found

    def _touch(self, connection: sqlite3.Connection) -> None:
        touched = list(self._touched.items())
        if touched:
            connection.executemany(
                "UPDATE cache SET used = ?2 WHERE id = ?1 AND used < ?2", touched
            )
            for id_, _ in touched:
                self._touched.pop(id_, None)

    def _make_room(self, connection: sqlite3.Connection, size: int, now: float) -> None:
        """Look at the total now and then (other processes write too), and evict down to 90 %."""
        if self._grown is not None and self._grown + size < self._limit // 64:
            self._grown += size
            return
        self._grown = 0
        total = connection.execute("SELECT coalesce(sum(size), 0) FROM cache").fetchone()[0]
        if total <= self._limit:
            return
        gone = connection.execute("DELETE FROM cache WHERE expires <= ? RETURNING size", (now,))
        total -= sum(row[0] for row in gone.fetchall())
        while total > self._limit * 0.9 and (rows := connection.execute(_OLDEST).fetchall()):
            for id_, bytes_ in rows:
                if total <= self._limit * 0.9:
                    break
                connection.execute("DELETE FROM cache WHERE id = ?", (id_,))
                total -= bytes_
                self.evicted += 1

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            log.warning("the cache on disk is left out: %s", error)


def _id(kind: str, key: str) -> int:
    text = f"{len(kind)}:{kind}{key}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)


def _value(connection: sqlite3.Connection, id_: int) -> bytes | None:
    row = connection.execute("SELECT value FROM cache WHERE id = ?", (id_,)).fetchone()
    return None if row is None else row[0]


def _opened(stored: object) -> bytes | None:
    """Return the value of a stored blob when its checksum holds."""
    if not isinstance(stored, bytes) or len(stored) <= _CHECKSUM:
        return None
    value = stored[_CHECKSUM:]
    return value if zlib.crc32(value).to_bytes(_CHECKSUM, "little") == stored[:_CHECKSUM] else None


def _shrink(connection: sqlite3.Connection) -> None:
    """Give the file's free pages back when they are many."""
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    if free > 256 and free > pages // 4:
        connection.execute("VACUUM")
