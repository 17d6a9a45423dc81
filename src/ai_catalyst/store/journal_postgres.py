"""The run journal in PostgreSQL: what is done, what is being done, and by whom, for many machines.

A key is leased first and looked for among the results afterwards: whoever ends a lease commits its
result in the same statement, so who gets the lease next also sees the result. A statement takes
keys in their order, so that two that share some wait for each other but never in a ring. A lease
carries the ticket of the group it was taken in: who lost it cannot end somebody else's, and what he
commits all the same changes nothing where a result is there already.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ai_catalyst.engine.journal import Claim, Entry, State
from ai_catalyst.store.journal_rows import Found
from ai_catalyst.store.packing import clean, in_chunks, shown_labels, stored_keys
from ai_catalyst.store.scripts import Ask, Script
from ai_catalyst.store.server import Server
from ai_catalyst.store.shared_owner import STALE, SharedOwner

__all__ = ["Held", "PostgresJournal", "find_by_key"]

_LEASED = Claim(State.LEASED)
_BUSY = Claim(State.BUSY)

GROUP = 256
"""Rows in one statement at the most."""

_LOOK = f"""
SELECT a.key, j.value, j.key IS NOT NULL AS done, coalesce({STALE}, false) AS stale,
  CASE WHEN NOT o.dead AND l.ticket <> $4 THEN o.id END AS holder
FROM unnest($1::bytea[]) AS a(key)
LEFT JOIN journal j ON j.key = a.key AND j.state = 'done' AND NOT ($2 AND j.run <> $3)
LEFT JOIN shared_leases l ON l.key = a.key
LEFT JOIN shared_owners o ON o.id = l.owner
"""  # noqa: S608 - no outside text
# A row of ours with our ticket is the same call's, whose answer was lost.
_TAKE = """
INSERT INTO shared_leases AS l (key, ticket, owner, label, run, stage, deaths)
SELECT a.key, $3, $4, a.label, $5, $6, 0 FROM unnest($1::bytea[], $2::text[]) AS a(key, label)
WHERE EXISTS (SELECT 1 FROM shared_owners WHERE id = $4 AND NOT dead)
ORDER BY a.key
ON CONFLICT (key) DO UPDATE SET ticket = excluded.ticket, owner = excluded.owner,
  label = excluded.label, run = excluded.run, stage = excluded.stage
WHERE l.owner IS NULL OR l.ticket = excluded.ticket
  OR NOT EXISTS (SELECT 1 FROM shared_owners o WHERE o.id = l.owner AND NOT o.dead)
RETURNING key
"""
_ENDED = """
ended AS (
  DELETE FROM shared_leases l USING (
    SELECT h.key FROM shared_leases h JOIN asked a ON h.key = a.key AND h.ticket = a.ticket
    ORDER BY h.key FOR UPDATE OF h
  ) AS ours WHERE l.key = ours.key
)"""
_DONE_BEFORE = f"""
WITH asked AS (
  SELECT j.key, $2::bigint AS ticket, j.value FROM journal j
  WHERE j.key = ANY($1::bytea[]) AND j.state = 'done' AND NOT ($3 AND j.run <> $4)
), {_ENDED}
SELECT key, value FROM asked
"""  # noqa: S608 - no outside text
_PUT = f"""
WITH asked AS (
  SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::bytea[], $5::text[])
  AS a(key, ticket, label, value, error)
), {_ENDED}
INSERT INTO journal AS j (key, label, state, value, error, run, stage, updated)
SELECT key, label, $6, value, error, $7, $8, $9 FROM asked ORDER BY key
ON CONFLICT (key) DO UPDATE SET state = excluded.state, value = coalesce(excluded.value, j.value),
  error = excluded.error, run = excluded.run, stage = excluded.stage, updated = excluded.updated
WHERE j.state = 'failed' OR ($10 AND j.run <> excluded.run)
"""  # noqa: S608 - no outside text
# What has seen deaths stays, given back, until it is done.
_RELEASE = (
    """
UPDATE shared_leases l SET owner = NULL FROM (
  SELECT h.key FROM shared_leases h
  JOIN unnest($1::bytea[], $2::bigint[]) AS a(key, ticket) ON h.key = a.key AND h.ticket = a.ticket
  WHERE h.deaths > 0 ORDER BY h.key FOR UPDATE OF h
) AS ours WHERE l.key = ours.key
""",
    f"""
WITH asked AS (SELECT * FROM unnest($1::bytea[], $2::bigint[]) AS a(key, ticket)
  WHERE NOT EXISTS (SELECT 1 FROM shared_leases l WHERE l.key = a.key AND l.owner IS NULL)
), {_ENDED}
SELECT 1
""",  # noqa: S608 - no outside text
)


def find_by_key(keys: Sequence[bytes]) -> Script[dict[bytes, Found]]:
    """Return the rows of those keys that have one."""
    sql = "SELECT key, id, state, value, run, error FROM journal WHERE key = ANY(?)"
    return {row[0]: Found(*tuple(row)[1:]) for row in (yield Ask(sql, (list(keys),)))}


_Rows = tuple[list[bytes], Sequence[bytes | None], Sequence[str | None]]


class Held:
    """The leases of a store: the ticket and the label of each key. Touched on one loop only."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.tickets: dict[bytes, int] = {}
        self.labels: dict[bytes, str] = {}

    def take(self, ticket: int, labels: dict[bytes, str]) -> None:
        """Note keys that were leased together."""
        self.tickets.update(dict.fromkeys(labels, ticket))
        self.labels.update(labels)

    def end(self, keys: Sequence[bytes]) -> None:
        """Let go of keys."""
        for key in keys:
            self.tickets.pop(key, None)
            self.labels.pop(key, None)


class PostgresJournal:
    """The journal of one stage of one run; see `engine.journal.Journal`.

    Keys are shared by all who use the database. With ``refresh`` what other runs did is done again;
    the old value stays until the new one is committed. A group of up to 256 rows is one statement.
    """

    def __init__(
        self,
        server: Server,
        owner: SharedOwner,
        held: Held,
        run: str = "",
        stage: str = "",
        *,
        refresh: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the run and the stage its rows belong to."""
        self._server = server
        self._owner = owner
        self._held = held
        self.run = run
        self.stage = stage
        self._refresh = refresh
        self._clock = clock
        self._mine: dict[bytes, int] = {}  # leased by this journal: their tickets

    async def lease(self, entries: Sequence[Entry]) -> Sequence[Claim]:
        """Claim each entry, in order, as one group; a key already held by us is BUSY too."""
        if not entries:
            return []
        ticket = secrets.randbits(62)
        keys = stored_keys([entry.key for entry in entries])
        shown = [label.decode() for label in shown_labels([entry.label for entry in entries])]
        labels = dict(zip(reversed(keys), reversed(shown), strict=True))  # the first of equals
        claims = await self._server.ask(
            lambda c: self._lease(c, labels, ticket),
            regret=lambda c: self._release(c, dict.fromkeys(labels, ticket)),
        )
        leased: set[bytes] = set()
        return [_claim(claims[key], key, leased) for key in keys]

    async def commit(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Store ``(key, value)`` rows durably and end their leases.

        A key that somebody else finished meanwhile keeps its first value.
        """
        values = dict(zip(stored_keys([key for key, _ in rows]), [v for _, v in rows], strict=True))
        await self._put("done", list(values), list(values.values()), [None] * len(values))

    async def fail(self, rows: Sequence[tuple[bytes, str]]) -> None:
        """Note ``(key, error text)`` rows and end their leases; they may be leased again."""
        keys = stored_keys([key for key, _ in rows])
        errors = dict(zip(keys, [clean(error) for _, error in rows], strict=True))
        await self._put("failed", list(errors), [None] * len(errors), list(errors.values()))

    async def release(self, keys: Sequence[bytes]) -> None:
        """Give leases back unused; those this journal does not hold are left alone."""
        mine = {key: self._mine[key] for key in stored_keys(list(keys)) if key in self._mine}
        if mine:
            await self._server.ask(lambda c: self._release(c, mine))

    async def failed_labels(self) -> list[str]:
        """Return the labels of what failed in this stage and has not been done since."""
        sql = "SELECT label FROM journal WHERE state = 'failed' AND stage = ? ORDER BY id"
        rows = await self._server.rows(sql, (self.stage,))
        return list(dict.fromkeys(row[0] for row in rows))

    async def counts(self) -> dict[str, int]:
        """Return how many rows of this stage are in each state: ``done`` and ``failed``."""
        sql = "SELECT state, count(*) FROM journal WHERE stage = ? GROUP BY state"
        rows = await self._server.rows(sql, (self.stage,))
        return {"done": 0, "failed": 0} | dict(map(tuple, rows))

    # On the server's loop.

    async def _lease(
        self, connection: Any, labels: dict[bytes, str], ticket: int
    ) -> dict[bytes, Claim]:
        claims: dict[bytes, Claim] = {}
        wanted = await self._look(connection, labels, ticket, claims)
        if not wanted:
            return claims
        taken = await self._take(connection, wanted, ticket)
        rows = await connection.fetch(_DONE_BEFORE, list(taken), ticket, self._refresh, self.run)
        for key, value in rows:
            claims[key] = Claim(State.DONE, value)
            del taken[key]
        claims.update(dict.fromkeys(taken, _LEASED))
        self._held.take(ticket, taken)
        self._mine.update(dict.fromkeys(taken, ticket))
        return {**dict.fromkeys(labels, _BUSY), **claims}

    async def _look(
        self, connection: Any, labels: dict[bytes, str], ticket: int, claims: dict[bytes, Claim]
    ) -> dict[bytes, str]:
        """Put into ``claims`` what is done or held; return the others with their labels."""
        asked = (list(labels), self._refresh, self.run, ticket)
        rows = await connection.fetch(_LOOK, *asked)
        if await self._bury_dead(connection, [row for row in rows if not row["done"]]):
            rows = await connection.fetch(_LOOK, *asked)
        for key, value, done, _, holder in rows:
            if done:
                claims[key] = Claim(State.DONE, value)
            elif holder is not None:
                claims[key] = _BUSY
        return {key: label for key, label in labels.items() if key not in claims}

    async def _bury_dead(self, connection: Any, rows: Sequence[Any]) -> bool:
        """Bury those of the holders who are dead; True if any was."""
        holders = {row["holder"] for row in rows} - {None, self._owner.id}
        if any(row["stale"] for row in rows if row["holder"] is not None):
            await self._owner.bury_stale(connection)
            return True
        return bool(holders) and await self._owner.bury_ended(connection, list(holders))

    async def _take(
        self, connection: Any, wanted: dict[bytes, str], ticket: int
    ) -> dict[bytes, str]:
        """Lease what is free; return it with its labels."""
        keys, labels = list(wanted), list(wanted.values())
        place = self.run, self.stage
        await self._owner.sign(connection)
        rows = await connection.fetch(_TAKE, keys, labels, ticket, self._owner.id, *place)
        if not rows and await self._owner.was_buried(connection):
            await self._owner.sign(connection)
            rows = await connection.fetch(_TAKE, keys, labels, ticket, self._owner.id, *place)
        return {key: wanted[key] for (key,) in rows}

    async def _put(
        self,
        state: str,
        keys: list[bytes],
        values: Sequence[bytes | None],
        errors: Sequence[str | None],
    ) -> None:
        """Write rows in groups, each of them one statement, as many at once as may be."""
        parts = in_chunks([len(value or b"") for value in values], GROUP)
        groups = [(keys[part], values[part], errors[part]) for part in parts]
        ask = self._server.ask
        await asyncio.gather(*(ask(partial(self._put_group, state, group)) for group in groups))

    async def _put_group(self, state: str, group: _Rows, connection: Any) -> None:
        keys, values, errors = group
        held = self._held
        await connection.execute(
            _PUT,
            keys,
            [held.tickets.get(key, -1) for key in keys],
            [held.labels.get(key, "") for key in keys],
            values,
            errors,
            state,
            self.run,
            self.stage,
            self._clock(),
            self._refresh,
        )
        self._forget(keys)

    async def _release(self, connection: Any, tickets: dict[bytes, int]) -> None:
        async with connection.transaction():
            for statement in _RELEASE:
                await connection.execute(statement, list(tickets), list(tickets.values()))
        held = self._held.tickets
        self._forget([key for key, ticket in tickets.items() if held.get(key) == ticket])

    def _forget(self, keys: Sequence[bytes]) -> None:
        self._held.end(keys)
        for key in keys:
            self._mine.pop(key, None)


def _claim(claim: Claim, key: bytes, leased: set[bytes]) -> Claim:
    """Return the claim of one entry; of equal ones that are leased the first has it."""
    if claim.state is not State.LEASED:
        return claim
    if key in leased:
        return _BUSY
    leased.add(key)
    return claim
