"""Who is looking at which video: a lease in the database, so that nobody looks at it twice.

A lease says which process holds it and until when. It is renewed while its process lives; that of
a process that died on this machine is free at once, that of another machine when it has run out.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from ai_catalyst.errors import StoreError
from ai_catalyst.io.repository import Repository
from ai_catalyst.store.process import Process, this_process
from ai_catalyst.video.rows import Id, IdText

__all__ = ["Leases", "leases"]

LEASE_S = 60.0

leases = sa.Table(
    "video_leases",
    sa.MetaData(),
    sa.Column("id", IdText, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("until", sa.Double, nullable=False),
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
)


class Leases:
    """The leases of one run; entered, it keeps them fresh, and gives them all back at its end."""

    def __init__(
        self, rows: Repository, *, lease_s: float = LEASE_S, clock: Callable[[], float] = time.time
    ) -> None:
        """Hold none; ``rows`` are those of the table `leases`."""
        self._rows = rows
        self._lease_s = lease_s
        self._clock = clock
        self._owner = ""
        self._held: set[Id] = set()
        self._group = asyncio.TaskGroup()
        self._renewing: asyncio.Task[None] | None = None

    async def take(self, id: Id) -> bool:  # noqa: A002 - the contract's name
        """Take the lease of a video; False while somebody who lives holds it."""
        mine = {"id": id, "owner": self._owner, "until": self._clock() + self._lease_s}
        taken = await self._rows.add(mine, on_conflict="ignore")
        row = None if taken else await self._rows.get(id)
        if row is not None and (row["owner"] == self._owner or await self._is_free(row)):
            changes = {"owner": self._owner, "until": mine["until"]}
            taken = await self._rows.update(changes, row) > 0
            if not taken:  # another was quicker; or it was us, and the answer was lost
                row = await self._rows.get(id)
                taken = row is not None and row["owner"] == self._owner
        if taken:
            self._held.add(id)
        return taken

    async def give_back(self, id: Id) -> None:  # noqa: A002
        """Let others take it."""
        self._held.discard(id)
        await self._rows.update({"owner": "", "until": 0.0}, {"id": id, "owner": self._owner})

    async def _is_free(self, row: dict[str, Any]) -> bool:
        if row["until"] <= self._clock():
            return True
        host, pid, started, _ = json.loads(row["owner"])
        return await asyncio.to_thread(Process(host, pid, started).is_dead)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 3)
            for id_ in list(self._held):
                with contextlib.suppress(StoreError):  # the next time, then
                    until = self._clock() + self._lease_s
                    await self._rows.update({"until": until}, {"id": id_, "owner": self._owner})

    async def __aenter__(self) -> Self:
        """Begin to keep what is taken."""
        here = await asyncio.to_thread(this_process)
        self._owner = json.dumps([here.host, here.pid, here.started, uuid.uuid4().hex])
        await self._group.__aenter__()
        self._renewing = self._group.create_task(self._renew())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give everything back."""
        if self._renewing is not None:
            self._renewing.cancel()
            await self._group.__aexit__(
                None, None, None
            )  # an error passes as it is, not in a group
        for id_ in list(self._held):
            with contextlib.suppress(StoreError):  # it runs out
                await self.give_back(id_)
