"""What the store knows of its journal: rows, leases and owners, brought up to date as one."""

from __future__ import annotations

import sqlite3

from ai_catalyst.store.journal_rows import JournalRows
from ai_catalyst.store.leases import Leases
from ai_catalyst.store.owners import Owner
from ai_catalyst.store.writer import Writer

__all__ = ["Register"]

_STATE = """
SELECT (SELECT value FROM marks WHERE name = 'journal'),
       (SELECT seq FROM sqlite_sequence WHERE name = 'journal'),
       (SELECT group_concat(id) FROM leases WHERE owner <> ?1),
       EXISTS(SELECT 1 FROM owners WHERE id = ?1)
"""


class Register:
    """Shared by all journals of a store; every method runs in the writer's thread."""

    def __init__(self, writer: Writer, owner: Owner) -> None:
        """Know nothing yet."""
        self.owner = owner
        self.rows = JournalRows(writer)
        self.leases = Leases(writer)

    def refresh(self, connection: sqlite3.Connection) -> None:
        """Learn what other processes did since the last time; sign as an owner if need be."""
        mark, last, groups, signed = connection.execute(_STATE, (self.owner.id,)).fetchone()
        if not signed:  # the first time, or we stood still so long that others buried us
            self.leases.lose(connection, list(self.leases.held))
            self.owner.sign(connection)
            mark, last, groups, _ = connection.execute(_STATE, (self.owner.id,)).fetchone()
        self.leases.learn(connection, map(int, groups.split(",")) if groups else ())
        new = self.rows.learn(connection, mark or 0, last or 0)
        if new:  # a key of ours among them was taken from us, and done
            self.leases.lose(connection, self.leases.held.keys() & new.keys())

    def is_held(self, connection: sqlite3.Connection, key: bytes) -> bool:
        """Tell whether a live owner, we or another, works on a key."""
        if key in self.leases.held:
            return True
        while (holder := self.leases.holder(key)) is not None:
            if not self.owner.is_dead(connection, holder):
                return True
            self.leases.bury(holder)
        return False
