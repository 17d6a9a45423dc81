"""The run journal in SQLite: what is done, what is being done, and by whom."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ai_catalyst.engine.journal import Claim, Entry, State
from ai_catalyst.store.journal_rows import Found
from ai_catalyst.store.leases import Group
from ai_catalyst.store.packing import (
    KEY,
    LABEL,
    MOST_VALUE,
    VALUE,
    clean,
    in_chunks,
    pack_rows,
    shown_labels,
    stored_keys,
)

if TYPE_CHECKING:
    from ai_catalyst.store.store import Store

__all__ = ["SqliteJournal"]

_LEASED = Claim(State.LEASED)
_BUSY = Claim(State.BUSY)

_APPEND = f"""
INSERT INTO journal(key, label, state, value, run, stage, updated)
SELECT {KEY}, {LABEL}, 'done', {VALUE}, ?3, ?4, ?5 FROM json_each(?2) AS e
"""  # noqa: S608 - no outside text
_PUT = """
INSERT INTO journal(key, label, state, value, error, run, stage, updated)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_REPLACE = """
UPDATE journal SET state = ?, value = coalesce(?, value), error = ?, run = ?, stage = ?,
updated = ? WHERE id = ? AND (state = 'failed' OR ?)
"""
_IS_THERE = "SELECT 1 FROM journal WHERE id = ?"


class SqliteJournal:
    """The journal of one stage of one run; see `engine.journal.Journal`.

    Keys are shared by all journals of a store. With ``refresh`` what other runs did is done again;
    the old value stays until the new one is committed. In groups of 256 an item costs about 5 µs of
    the writer's CPU, lease and commit together.
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
        self._register = store.register
        self.run = run
        self.stage = stage
        self._refresh = refresh
        self._clock = clock
        self._mine: set[bytes] = set()  # leased by this journal; the writer's thread only

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
        register = self._register
        register.refresh(connection)
        keys = stored_keys([entry.key for entry in entries])
        labels = dict(zip(keys, [entry.label for entry in entries], strict=True))
        found = register.rows.find(connection, keys)
        if not found and register.leases.are_free(keys):
            register.leases.take(connection, register.owner.id, labels, {})
            self._mine.update(keys)
            return [_LEASED] * len(keys)
        return self._lease_some(connection, keys, labels, found)

    def _lease_some(
        self,
        connection: sqlite3.Connection,
        keys: Sequence[bytes],
        labels: dict[bytes, str],
        found: dict[bytes, Found],
    ) -> list[Claim]:
        """Lease those of the keys that are neither done nor held."""
        claims = []
        taken: dict[bytes, str] = {}
        rows: dict[bytes, int] = {}
        for key in keys:
            row = found.get(key)
            if row and row.state == "done" and not (self._refresh and row.run != self.run):
                claims.append(Claim(State.DONE, row.value))
            elif key in taken or self._register.is_held(connection, key):
                claims.append(_BUSY)
            else:
                claims.append(_LEASED)
                taken[key] = labels[key]
                if row:
                    rows[key] = row.id
        if taken:
            self._register.leases.take(connection, self._register.owner.id, taken, rows)
            self._mine.update(taken)
        return claims

    def _commit(self, connection: sqlite3.Connection, rows: Sequence[tuple[bytes, bytes]]) -> None:
        register = self._register
        register.refresh(connection)
        keys = stored_keys([key for key, _ in rows])
        values = dict(zip(keys, [value for _, value in rows], strict=True))
        groups = self._end(connection, values)
        if len(groups) < len(values) or max(map(len, values.values())) > MOST_VALUE:
            self._put_odd(connection, values, groups)
        if any(group.rows for group in set(groups.values())):
            self._put_over(connection, values, groups)
        self._append(connection, values, groups)
        register.rows.settle_when_long(connection)

    def _put_odd(
        self,
        connection: sqlite3.Connection,
        values: dict[bytes, bytes],
        groups: dict[bytes, Group],
    ) -> None:
        """Write what we do not hold, and what is large, row by row; take it out of ``values``."""
        for key in list(values):
            group = groups.get(key)
            if group is None or len(values[key]) > MOST_VALUE:
                self._put(connection, key, group, "done", values.pop(key), None)

    def _put_over(
        self,
        connection: sqlite3.Connection,
        values: dict[bytes, bytes],
        groups: dict[bytes, Group],
    ) -> None:
        """Write what replaces a row; take it out of ``values``."""
        for key in list(values):
            if key in groups[key].rows:
                self._put(connection, key, groups[key], "done", values.pop(key), None)

    def _append(
        self,
        connection: sqlite3.Connection,
        values: dict[bytes, bytes],
        groups: dict[bytes, Group],
    ) -> None:
        """Append rows whose keys have none yet, many in one statement."""
        if not values:
            return
        keys = list(values)
        labels = shown_labels([groups[key].labels[key] for key in keys])
        contents = list(values.values())
        for part in in_chunks(list(map(len, contents))):
            blob, places = pack_rows(keys[part], labels[part], contents[part])
            parameters = (blob, places, self.run, self.stage, self._clock())
            cursor = connection.execute(_APPEND, parameters)
            self._register.rows.appended(keys[part], cursor.lastrowid or 0)

    def _fail(self, connection: sqlite3.Connection, rows: Sequence[tuple[bytes, str]]) -> None:
        self._register.refresh(connection)
        keys = stored_keys([key for key, _ in rows])
        errors = dict(zip(keys, [error for _, error in rows], strict=True))
        groups = self._end(connection, errors, rewrite=True)
        for key, error in errors.items():
            self._put(connection, key, groups.get(key), "failed", None, clean(error))

    def _put(
        self,
        connection: sqlite3.Connection,
        key: bytes,
        group: Group | None,
        state: str,
        value: bytes | None,
        error: str | None,
    ) -> None:
        """Write one row: over the one it replaces, or a new one.

        What is not in a group of ours somebody took for abandoned, or nobody ever leased.
        """
        if group is not None:
            label, row = group.labels[key], group.rows.get(key)
        else:
            found = self._register.rows.find(connection, [key]).get(key)
            label, row = self._register.leases.lost.pop(key, ""), found and found.id
        written = (self.run, self.stage, self._clock())
        if row is not None:
            replaced = connection.execute(
                _REPLACE, (state, value, error, *written, row, self._refresh)
            )
            if replaced.rowcount or connection.execute(_IS_THERE, (row,)).fetchone():
                return
        shown = shown_labels([label])[0].decode()
        cursor = connection.execute(_PUT, (key, shown, state, value, error, *written))
        self._register.rows.appended([key], cursor.lastrowid or 0)

    def _release(self, connection: sqlite3.Connection, keys: Iterable[bytes]) -> None:
        self._register.refresh(connection)
        mine = [key for key in stored_keys(list(keys)) if key in self._mine]
        self._end(connection, mine, rewrite=True)

    def _end(
        self, connection: sqlite3.Connection, keys: Iterable[bytes], *, rewrite: bool = False
    ) -> dict[bytes, Group]:
        self._mine.difference_update(keys)
        return self._register.leases.end(connection, keys, rewrite=rewrite)


def _leased(keys: Sequence[bytes], claims: Sequence[Claim]) -> list[bytes]:
    """Return the keys that were leased; none when the submission failed."""
    return [key for key, claim in zip(keys, claims, strict=False) if claim.state is State.LEASED]
