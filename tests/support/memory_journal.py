"""A journal in memory that checks the rules of the protocol and misbehaves when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ai_catalyst.engine import Claim, Entry, State


class Shelf:
    """What several journals, as of several processes, share."""

    def __init__(self) -> None:
        self.done: dict[bytes, bytes] = {}
        self.failed: dict[bytes, str] = {}
        self.leases: dict[bytes, MemoryJournal] = {}


class MemoryJournal:
    """Leases, commits and releases on a shelf; each call yields to the loop ``turns`` times."""

    def __init__(self, shelf: Shelf | None = None, *, turns: int = 1) -> None:
        self.shelf = shelf or Shelf()
        self.turns = turns
        self.error: Exception | None = None
        self.commit_gate: asyncio.Event | None = None
        self.lease_gate: asyncio.Event | None = None
        self.groups: list[int] = []
        self.asked = 0
        self.labels: dict[bytes, str] = {}

    async def _pass(self, gate: asyncio.Event | None = None) -> None:
        for _ in range(self.turns):
            await asyncio.sleep(0)
        if gate is not None:
            await gate.wait()

    async def lease(self, entries: Sequence[Entry]) -> Sequence[Claim]:
        keys = [entry.key for entry in entries]
        assert len(keys) == len(set(keys)), "one group asks for the same key twice"
        claims = []
        for entry in entries:
            self.asked += 1
            self.labels[entry.key] = entry.label
            if entry.key in self.shelf.done:
                claims.append(Claim(State.DONE, self.shelf.done[entry.key]))
            elif entry.key in self.shelf.leases:
                claims.append(Claim(State.BUSY))
            else:
                self.shelf.leases[entry.key] = self
                claims.append(Claim(State.LEASED))
        await self._pass(self.lease_gate)
        return claims

    async def commit(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        await self._pass(self.commit_gate)
        if self.error is not None:
            raise self.error
        self.groups.append(len(rows))
        for key, value in rows:
            assert self.shelf.leases.pop(key, None) is self or self.shelf.done[key] == value
            self.shelf.done[key] = value

    async def fail(self, rows: Sequence[tuple[bytes, str]]) -> None:
        await self._pass()
        if self.error is not None:
            raise self.error
        for key, error in rows:
            assert self.shelf.leases.pop(key, None) is self or key in self.shelf.failed
            self.shelf.failed[key] = error

    async def release(self, keys: Sequence[bytes]) -> None:
        await self._pass()
        for key in keys:
            if self.shelf.leases.get(key) is self:
                del self.shelf.leases[key]
