"""Who holds leases in a shared database: a row a store that is open, fresh by the server's clock.

Machines' clocks disagree, so only the server's is asked. An owner whose last beat is older than
its lease is buried by whoever meets one of its leases; so is one whose process has ended on the
machine of who meets it; a program that knows better buries it at once. With each burial the keys
that were held count one more death. While the server itself was away nobody could beat, so no beat
counts as older than the server's start.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from typing import Any

import msgspec

from ai_catalyst.store.process import Process, this_process
from ai_catalyst.store.runs import GOING_ON_S
from ai_catalyst.store.scripts import Ask, Script
from ai_catalyst.store.server import Server

__all__ = ["STALE", "InFlight", "SharedOwner", "leased_labels"]

_NOW = "extract(epoch FROM clock_timestamp())::float8"
_AGE = f"({_NOW} - greatest(o.beat, extract(epoch FROM pg_postmaster_start_time())::float8))"
STALE = f"({_AGE} > o.lease_s)"
"""Whether an owner ``o`` has been silent for longer than it is believed to live."""

_SIGN = f"""
INSERT INTO shared_owners(name, host, pid, started, beat, lease_s, dead)
VALUES ($1, $2, $3, $4, {_NOW}, $5, false) RETURNING id
"""  # noqa: S608 - no outside text
_BEAT = f"UPDATE shared_owners SET beat = {_NOW} WHERE id = $1 AND NOT dead RETURNING id"  # noqa: S608
_BURY = """
WITH gone AS (
  UPDATE shared_owners o SET dead = true WHERE NOT o.dead AND {which} RETURNING o.id
), bereft AS (
  UPDATE shared_leases SET deaths = deaths + 1 WHERE owner IN (SELECT id FROM gone)
)
SELECT count(*) FROM gone
"""
_BURY_STALE = _BURY.format(which=STALE)
_BURY_NAMED = _BURY.format(which="o.name = $1")
_BURY_KNOWN = _BURY.format(which="o.id = ANY($1::bigint[])")
_PROCESSES = """
SELECT id, host, pid, started FROM shared_owners WHERE id = ANY($1::bigint[]) AND NOT dead
"""
_LIVING = "SELECT id FROM shared_owners WHERE NOT dead"
_SWEEP = (
    # What nobody holds and somebody did after all, and what belongs to runs that are long over.
    f"""
DELETE FROM shared_leases l WHERE NOT EXISTS (
  SELECT 1 FROM shared_owners o WHERE o.id = l.owner AND NOT o.dead
) AND (EXISTS (SELECT 1 FROM journal j WHERE j.key = l.key AND j.state = 'done')
  OR NOT EXISTS (SELECT 1 FROM run_items i WHERE i.run = l.run) AND NOT EXISTS (
    SELECT 1 FROM runs r
    WHERE r.id = l.run AND r.status = 'running' AND r.started > {_NOW} - {GOING_ON_S}))
""",  # noqa: S608 - no outside text
    """
DELETE FROM shared_owners o WHERE o.dead
AND NOT EXISTS (SELECT 1 FROM shared_leases l WHERE l.owner = o.id)
""",
)
# Deaths are remembered until the key is done: what is given back with some stays as a free row.
_LEAVE = (
    "UPDATE shared_leases SET owner = NULL WHERE owner = ANY($1::bigint[]) AND deaths > 0",
    "DELETE FROM shared_leases WHERE owner = ANY($1::bigint[])",
    "DELETE FROM shared_owners WHERE id = ANY($1::bigint[])",
)
_IN_FLIGHT = f"""
SELECT l.label, l.key, o.name, l.deaths, {_AGE} FROM shared_leases l
JOIN shared_owners o ON o.id = l.owner WHERE l.run = $1 ORDER BY l.label, l.key
"""  # noqa: S608 - no outside text
_BEATS = f"SELECT o.name, min({_AGE}) FROM shared_owners o WHERE NOT o.dead GROUP BY o.name"  # noqa: S608


_LEASED = """
SELECT l.label FROM shared_leases l JOIN shared_owners o ON o.id = l.owner WHERE NOT o.dead
"""


def leased_labels() -> Script[list[str]]:
    """Return the labels of everything that the living have leased."""
    return [row[0] for row in (yield Ask(_LEASED))]


class InFlight(msgspec.Struct, frozen=True):
    """A key that somebody holds, or held when he died.

    ``deaths`` counts the owners that died holding it, ``beat_age_s`` how long ago its owner was
    last known to live.
    """

    label: str
    key: bytes
    owner: str
    deaths: int
    beat_age_s: float


class SharedOwner:
    """This store as a holder of leases; ``id`` is its row, 0 before the first lease.

    What takes a ``connection`` runs on the server's loop.
    """

    def __init__(self, server: Server, name: str | None, *, lease_s: float, beat_s: float) -> None:
        """Write nothing before the first lease."""
        self._server = server
        self._name = name
        self._lease_s = lease_s
        self._beat_s = beat_s
        self._ids: list[int] = []
        self._signing = asyncio.Lock()
        self.id = 0

    @property
    def name(self) -> str:
        """What others know us by."""
        return self._name or f"{socket.gethostname()}:{os.getpid()}"

    async def sign(self, connection: Any) -> None:
        """Write ourselves down, unless we are; from then on, keep it fresh."""
        async with self._signing:
            if self.id:
                return
            process = await asyncio.to_thread(this_process)
            row = (self.name, process.host, process.pid, process.started, self._lease_s)
            self.id = await connection.fetchval(_SIGN, *row)
            if not self._ids:
                self._server.every(self._beat_s, self.was_buried)
                self._server.at_close(self._leave)
            self._ids.append(self.id)

    async def was_buried(self, connection: Any) -> bool:
        """Give a sign of life; True when others took us for dead: then sign again."""
        id_ = self.id
        if not id_ or await connection.fetchval(_BEAT, id_):
            return False
        if self.id == id_:  # nobody signed meanwhile
            self.id = 0
        return True

    async def bury_stale(self, connection: Any) -> None:
        """Take the leases of every owner that has been silent for too long."""
        await connection.execute(_BURY_STALE)

    async def bury_ended(self, connection: Any, owners: Sequence[int]) -> bool:
        """Take the leases of those whose processes have ended on this machine; True if any had."""
        rows = await connection.fetch(_PROCESSES, owners)
        ended = await asyncio.to_thread(_ended, rows) if rows else []
        if ended:
            await connection.execute(_BURY_KNOWN, ended)
        return bool(ended)

    async def sweep(self, connection: Any) -> None:
        """Bury who is dead, and drop what the dead left behind that nobody needs to know."""
        await self.bury_ended(connection, [row[0] for row in await connection.fetch(_LIVING)])
        await self.bury_stale(connection)
        for statement in _SWEEP:
            await connection.execute(statement)

    async def bury(self, name: str) -> int:
        """Declare the owners of a name dead; returns how many there were."""
        return int(await self._server.ask(lambda c: c.fetchval(_BURY_NAMED, name)))

    async def in_flight(self, run: str) -> list[InFlight]:
        """Return what is held of a run, by the living and the dead, in order of labels."""
        rows: Sequence[Any] = await self._server.ask(lambda c: c.fetch(_IN_FLIGHT, run))
        return [InFlight(*row) for row in rows]

    async def beats(self) -> dict[str, float]:
        """Return how long ago, in seconds, each living owner was last known to live."""
        return dict(map(tuple, await self._server.ask(lambda c: c.fetch(_BEATS))))

    async def _leave(self, connection: Any) -> None:
        async with connection.transaction():
            for statement in _LEAVE:
                await connection.execute(statement, self._ids)


def _ended(rows: Sequence[Any]) -> list[int]:
    """Return whose process has ended on this machine."""
    return [id_ for id_, *process in rows if Process(*process).is_dead()]
