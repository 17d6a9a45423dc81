"""The run journal in SQLite: what is done, what is being done, and by whom."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ai_catalyst.engine.journal import Claim, Entry, State
from ai_catalyst.store.journal_rows import Found, pack
from ai_catalyst.store.packing import KEYS, clean, in_chunks, pack_texts, pack_values, stored_key

if TYPE_CHECKING:
    from ai_catalyst.store.store import Store

__all__ = ["SqliteJournal"]

_LEASED = Claim(State.LEASED)
_BUSY = Claim(State.BUSY)

_LEASE = f"""
INSERT INTO leases(key, owner, label) SELECT {KEYS}, ?3, e.value FROM json_each(?2) AS e
"""  # noqa: S608 - no outside text
_LEASE_ONE = """
INSERT INTO leases(key, owner, label, row) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_APPEND = f"""
INSERT INTO journal(key, label, state, value, run, stage, updated)
SELECT l.key, l.label, 'done', coalesce(substr(?3, e.value >> 32, e.value & 4294967295), x''),
       ?4, ?5, ?6
FROM json_each(?2) AS e CROSS JOIN leases AS l ON l.key = {KEYS}
WHERE l.owner = ?7 AND l.row IS NULL
"""  # noqa: S608 - no outside text
_END = f"""
DELETE FROM leases WHERE owner = ?3 AND key IN (SELECT {KEYS} FROM json_each(?2) AS e)
"""  # noqa: S608 - no outside text
_PUT = """
INSERT INTO journal(key, label, state, value, error, run, stage, updated)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_REPLACE = """
UPDATE journal SET state = ?, value = coalesce(?, value), error = ?, run = ?, stage = ?,
updated = ? WHERE id = ?
"""


class SqliteJournal:
    """The journal of one stage of one run; see `engine.journal.Journal`.

    Keys are shared by all journals of a store. With ``refresh`` what other runs did is done again;
    the old value stays until the new one is committed. In groups of 256 an item costs about 4 µs,
    lease and commit together.
    """

    def __init__(
        self,
        store: Store,
        run: str = "",
        stage: str = "",
        *,
        refresh: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the run and the stage its rows belong to."""
        self._writer = store.writer
        self._readers = store.readers
        self._owner = store.owner
        self._rows = store.journal_rows
        self.run = run
        self.stage = stage
        self._refresh = refresh
        self._clock = clock
        self._held: dict[bytes, str] = {}  # our leases and their labels; the writer's thread only

    async def lease(self, entries: Sequence[Entry]) -> Sequence[Claim]:
        """Claim each entry, in order, as one group; a key already held by us is BUSY too."""
        if not entries:
            return []
        claims: list[Claim] = []

        def run(connection: sqlite3.Connection) -> list[Claim]:
            claims[:] = self._lease(connection, entries)
            return claims

        try:
            return await self._writer.submit(run)
        except asyncio.CancelledError:  # nobody will do the work: give the leases back
            keys = [entry.key for entry in entries]
            self._writer.post(lambda c: self._release(c, _leased(keys, claims)))
            raise

    async def commit(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Store ``(key, value)`` rows durably and end their leases.

        A key that somebody else finished meanwhile keeps its first value.
        """
        if rows:
            await self._writer.submit(lambda connection: self._commit(connection, rows))

    async def fail(self, rows: Sequence[tuple[bytes, str]]) -> None:
        """Note ``(key, error text)`` rows and end their leases; they may be leased again."""
        if rows:
            await self._writer.submit(lambda connection: self._fail(connection, rows))

    async def release(self, keys: Sequence[bytes]) -> None:
        """Give leases back unused; those this journal does not hold are left alone."""
        if keys:
            await self._writer.submit(lambda connection: self._release(connection, keys))

    async def failed_labels(self) -> list[str]:
        """Return the labels of what failed in this stage and has not been done since."""
        sql = "SELECT label FROM journal WHERE state = 'failed' AND stage = ? ORDER BY id"
        rows = await self._readers.read(lambda c: c.execute(sql, (self.stage,)).fetchall())
        return list(dict.fromkeys(row[0] for row in rows))

    async def counts(self) -> dict[str, int]:
        """Return how many rows of this stage are in each state: ``done`` and ``failed``."""
        sql = "SELECT state, count(*) FROM journal WHERE stage = ? GROUP BY state"
        rows = await self._readers.read(lambda c: c.execute(sql, (self.stage,)).fetchall())
        return {"done": 0, "failed": 0} | dict(map(tuple, rows))

    # In the writer's thread.

    def _lease(self, connection: sqlite3.Connection, entries: Sequence[Entry]) -> list[Claim]:
        owner = self._owner.sign(connection)
        self._rows.refresh(connection)
        keys = [stored_key(entry.key) for entry in entries]
        labels = [entry.label for entry in entries]
        found = self._rows.find(connection, keys)
        if not found and self._take_all(connection, owner, keys, labels):
            return [_LEASED] * len(keys)
        return [
            self._claim(connection, owner, key, label, found.get(key))
            for key, label in zip(keys, labels, strict=True)
        ]

    def _take_all(
        self,
        connection: sqlite3.Connection,
        owner: int,
        keys: Sequence[bytes],
        labels: Sequence[str],
    ) -> bool:
        """Lease keys that have no row, in one statement; False when one of them is leased."""
        try:
            connection.execute(_LEASE, (b"".join(keys), pack_texts(labels), owner))
        except sqlite3.IntegrityError:  # the statement has undone itself
            return False
        self._held.update(zip(keys, labels, strict=True))
        return True

    def _claim(
        self,
        connection: sqlite3.Connection,
        owner: int,
        key: bytes,
        label: str,
        found: Found | None,
    ) -> Claim:
        if found and found.state == "done" and not (self._refresh and found.run != self.run):
            return Claim(State.DONE, found.value)
        row = (key, owner, clean(label), found and found.id)
        if not connection.execute(_LEASE_ONE, row).rowcount:
            holder = connection.execute("SELECT owner FROM leases WHERE key = ?", (key,)).fetchone()
            if not self._owner.is_dead(connection, holder[0]):
                return _BUSY
            connection.execute(_LEASE_ONE, row)
        self._held[key] = label
        return _LEASED

    def _commit(self, connection: sqlite3.Connection, rows: Sequence[tuple[bytes, bytes]]) -> None:
        owner = self._owner.sign(connection)
        self._rows.refresh(connection)
        unique = {stored_key(key): value for key, value in rows}
        for chunk in in_chunks(list(unique.items())):
            self._append(connection, owner, chunk)
        self._end(connection, owner, list(unique))
        self._rows.settle_when_long(connection)

    def _append(
        self, connection: sqlite3.Connection, owner: int, rows: Sequence[tuple[bytes, bytes]]
    ) -> None:
        """Append the rows whose leases are ours and new in one statement, others one by one."""
        keys = [key for key, _ in rows]
        places, values = pack_values([value for _, value in rows])
        parameters = (b"".join(keys), places, values, self.run, self.stage, self._clock(), owner)
        cursor = connection.execute(_APPEND, parameters)
        if cursor.rowcount == len(rows):
            self._rows.appended(keys, cursor.lastrowid or 0)
            return
        appended = self._rows.refresh(connection)
        for key, value in rows:
            if key not in appended:
                self._put(connection, owner, key, "done", value, None)

    def _fail(self, connection: sqlite3.Connection, rows: Sequence[tuple[bytes, str]]) -> None:
        owner = self._owner.sign(connection)
        self._rows.refresh(connection)
        errors = {stored_key(key): clean(error) for key, error in rows}
        for key, error in errors.items():
            self._put(connection, owner, key, "failed", None, error)
        self._end(connection, owner, list(errors))

    def _put(
        self,
        connection: sqlite3.Connection,
        owner: int,
        key: bytes,
        state: str,
        value: bytes | None,
        error: str | None,
    ) -> None:
        """Write one row: over the one it replaces, or a new one."""
        lease = connection.execute("SELECT owner, row FROM leases WHERE key = ?", (key,)).fetchone()
        row = lease and lease[1]
        if lease is None or lease[0] != owner:  # we were taken for dead, or never asked
            found = self._rows.find(connection, [key]).get(key)
            if found and found.state == "done":
                return
            row = found and found.id
            connection.execute("DELETE FROM leases WHERE key = ?", (key,))
        now = self._clock()
        if row is not None:
            replaced = connection.execute(
                _REPLACE, (state, value, error, self.run, self.stage, now, row)
            )
            if replaced.rowcount:
                return
        label = clean(self._held.get(key, ""))
        connection.execute(_PUT, (key, label, state, value, error, self.run, self.stage, now))
        self._rows.refresh(connection)

    def _release(self, connection: sqlite3.Connection, keys: Iterable[bytes]) -> None:
        held = [key for key in map(stored_key, keys) if key in self._held]
        if held:
            self._end(connection, self._owner.sign(connection), held)

    def _end(self, connection: sqlite3.Connection, owner: int, keys: Sequence[bytes]) -> None:
        blob, places = pack(keys)
        connection.execute(_END, (blob, places, owner))
        for key in keys:
            self._held.pop(key, None)


def _leased(keys: Sequence[bytes], claims: Sequence[Claim]) -> list[bytes]:
    """Return the keys that were leased; none when the submission failed."""
    return [key for key, claim in zip(keys, claims, strict=False) if claim.state is State.LEASED]
