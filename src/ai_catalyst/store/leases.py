"""Leases: which keys are being worked on, by us and by others.

A group of keys is one row (its keys side by side), because a row a key would cost as much as the
result itself. The row goes when the last of its keys is done; until then the journal's own rows
say which of them are. Everything here runs in the writer's thread, in a transaction; what is
remembered is put right when the transaction is taken back.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from ai_catalyst.store.packing import WIDTH, pack_texts
from ai_catalyst.store.scripts import Ask, Script
from ai_catalyst.store.writer import Writer

__all__ = ["Group", "Leases", "leased_labels"]


@dataclass(slots=True, eq=False)
class Group:
    """Keys that were leased together; ``rows`` are the journal's rows some of them will replace."""

    id: int
    owner: int
    labels: dict[bytes, str]
    rows: dict[bytes, int]
    left: int


class Leases:
    """Our leases, and a look at those of others.

    ``held`` are ours; ``lost`` the labels of those that others took while we stood still.
    """

    def __init__(self, writer: Writer) -> None:
        """Hold nothing."""
        self._writer = writer
        self.held: dict[bytes, Group] = {}
        self.lost: dict[bytes, str] = {}
        self._others: dict[int, tuple[int, frozenset[bytes]]] = {}

    def learn(self, connection: sqlite3.Connection, groups: Iterable[int]) -> None:
        """Learn which groups others hold now: ``groups`` are the ids of their rows."""
        ids = set(groups)
        for gone in self._others.keys() - ids:
            del self._others[gone]
        for id_ in ids - self._others.keys():
            row = connection.execute("SELECT owner, keys FROM leases WHERE id = ?", (id_,))
            for owner, blob in row:
                keys = (blob[i : i + WIDTH] for i in range(0, len(blob), WIDTH))
                self._others[id_] = (owner, frozenset(keys))

    def are_free(self, keys: Sequence[bytes]) -> bool:
        """Tell whether nobody holds any of these keys, and none is named twice."""
        return (
            self.held.keys().isdisjoint(keys)
            and all(theirs.isdisjoint(keys) for _, theirs in self._others.values())
            and len(set(keys)) == len(keys)
        )

    def holder(self, key: bytes) -> int | None:
        """Return the other owner that holds a key."""
        for owner, keys in self._others.values():
            if key in keys:
                return owner
        return None

    def bury(self, owner: int) -> None:
        """Take notice that an owner is dead and its rows are deleted."""
        self._others = {id_: held for id_, held in self._others.items() if held[0] != owner}

    def take(
        self,
        connection: sqlite3.Connection,
        owner: int,
        labels: dict[bytes, str],
        rows: dict[bytes, int],
    ) -> None:
        """Lease keys that are free, with their labels."""
        group = Group(_insert(connection, owner, labels), owner, labels, rows, len(labels))
        self.held.update(dict.fromkeys(labels, group))
        self._writer.undo(lambda: self._drop(labels))

    def end(
        self, connection: sqlite3.Connection, keys: Iterable[bytes], *, rewrite: bool = False
    ) -> dict[bytes, Group]:
        """Let go of keys; return the group of each that was ours.

        ``rewrite`` when the journal has no row that says the key is done.
        """
        pop = self.held.pop
        ended = {key: group for key in keys if (group := pop(key, None)) is not None}
        if ended:
            self._writer.undo(lambda: self._hold_again(ended))
        for group, number in Counter(ended.values()).items():
            group.left -= number
            if not group.left:
                connection.execute("DELETE FROM leases WHERE id = ?", (group.id,))
            elif rewrite:
                self._rewrite(connection, group)
        return ended

    def lose(self, connection: sqlite3.Connection, keys: Iterable[bytes]) -> None:
        """Take notice that keys are not ours any more: their work is still under way here."""
        for key in keys:
            group = self.held.pop(key)
            self.lost[key] = group.labels[key]
            group.left -= 1
            if not group.left:
                connection.execute("DELETE FROM leases WHERE id = ?", (group.id,))

    def _rewrite(self, connection: sqlite3.Connection, group: Group) -> None:
        """Write a group anew, under another id: others read a row once."""
        left = {key: label for key, label in group.labels.items() if self.held.get(key) is group}
        connection.execute("DELETE FROM leases WHERE id = ?", (group.id,))
        before, group.id = group.id, _insert(connection, group.owner, left)
        self._writer.undo(lambda: setattr(group, "id", before))

    def _drop(self, keys: Iterable[bytes]) -> None:
        for key in keys:
            self.held.pop(key, None)

    def _hold_again(self, ended: dict[bytes, Group]) -> None:
        for group in ended.values():
            group.left += 1
        self.held.update(ended)


def leased_labels() -> Script[list[str]]:
    """Return the labels of everything that is leased."""
    rows = yield Ask("SELECT labels FROM leases")
    return [label for row in rows for label in msgspec.json.decode(row[0])]


def _insert(connection: sqlite3.Connection, owner: int, labels: dict[bytes, str]) -> int:
    cursor = connection.execute(
        "INSERT INTO leases(owner, keys, labels) VALUES (?, ?, ?)",
        (owner, b"".join(labels), pack_texts(list(labels.values()))),
    )
    return cursor.lastrowid or 0
