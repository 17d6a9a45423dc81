"""Who holds leases: one row a store that is open, kept fresh by its writer while it lives.

A lease names its owner, and the owner's row says until when it is believed to live, so that a
heartbeat writes one row however many leases there are. An owner whose process has ended on this
machine is dead at once; one on another machine when its time has passed. Clocks jump and machines
disagree, so whose row has not moved for that long by our own steady clock is dead in any case.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from ai_catalyst.store.process import Process, this_process
from ai_catalyst.store.writer import Writer

__all__ = ["Owner"]


class Owner:
    """This store as a holder of leases. Every method runs in the writer's thread.

    ``lease_s`` is how long others believe in us without a sign; ``clock`` is the wall's,
    ``steady`` never jumps.
    """

    def __init__(
        self,
        writer: Writer,
        *,
        lease_s: float = 60.0,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is written before the first lease."""
        self._writer = writer
        self._lease_s = lease_s
        self._clock = clock
        self._steady = steady
        self._process: Process | None = None
        self._id = 0
        self._seen: dict[int, tuple[int, float]] = {}
        self._tended = False

    @property
    def id(self) -> int:
        """Our row, 0 before the first lease."""
        return self._id

    def sign(self, connection: sqlite3.Connection) -> None:
        """Write ourselves down, and bury the dead."""
        process = self._process = self._process or this_process()
        cursor = connection.execute(
            "INSERT INTO owners(host, pid, started, beat, expires) VALUES (?, ?, ?, 0, ?)",
            (process.host, process.pid, process.started, self._clock() + self._lease_s),
        )
        before, self._id = self._id, cursor.lastrowid or 0
        self._writer.undo(lambda: self._become(before))
        if not self._tended:
            self._tended = True
            self._writer.every(self._lease_s / 4, self._beat)
            self._writer.at_close(self._leave)
        self.bury(connection)

    def bury(self, connection: sqlite3.Connection) -> None:
        """Take the leases of every owner that is dead."""
        for owner in connection.execute("SELECT id FROM owners").fetchall():
            self.is_dead(connection, owner[0])

    def is_dead(self, connection: sqlite3.Connection, owner: int) -> bool:
        """Tell whether an owner lives no more; if so, its leases are gone with this call."""
        if owner == self._id:
            return False
        row = connection.execute(
            "SELECT host, pid, started, beat, expires FROM owners WHERE id = ?", (owner,)
        ).fetchone()
        if row is not None and not self._has_ended(owner, row):
            return False
        self._seen.pop(owner, None)
        connection.execute("DELETE FROM leases WHERE owner = ?", (owner,))
        connection.execute("DELETE FROM owners WHERE id = ?", (owner,))
        return True

    def _has_ended(self, owner: int, row: tuple[str, int, str, int, float]) -> bool:
        host, pid, started, beat, expires = row
        process = Process(host, pid, started)
        if process.is_dead() or (expires <= self._clock() and not process.is_here()):
            return True
        last_beat, since = self._seen.get(owner, (None, 0.0))
        if last_beat != beat:
            self._seen[owner] = (beat, self._steady())
            return False
        return self._steady() - since > self._lease_s

    def _become(self, id_: int) -> None:
        self._id = id_

    def _beat(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE owners SET beat = beat + 1, expires = ? WHERE id = ?",
            (self._clock() + self._lease_s, self._id),
        )

    def _leave(self, connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM leases WHERE owner = ?", (self._id,))
        connection.execute("DELETE FROM owners WHERE id = ?", (self._id,))
