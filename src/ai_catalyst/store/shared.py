"""A store that many machines share: PostgreSQL for what is done, by whom, and what it cost."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

from ai_catalyst.errors import UserError
from ai_catalyst.store.forget import (
    Forgotten,
    Target,
    delete,
    documents_of_run,
    erasure_due,
    vacuum,
)
from ai_catalyst.store.journal_postgres import Held, PostgresJournal, find_by_key
from ai_catalyst.store.ledger import Ledger
from ai_catalyst.store.packing import stored_keys
from ai_catalyst.store.run_store import RunStore
from ai_catalyst.store.runs import Runs
from ai_catalyst.store.server import PATIENCE_S, Server
from ai_catalyst.store.shared_owner import InFlight, SharedOwner, leased_labels
from ai_catalyst.store.stats import StoreStats, count
from ai_catalyst.store.store import Store

__all__ = ["SharedStore", "is_shared"]

LEASE_S = 15.0
BEAT_S = 3.0
_SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg")


def is_shared(url: str) -> bool:
    """Tell whether a database URL names one that many machines can share: PostgreSQL."""
    return url.partition("://")[0].lower() in _SCHEMES


class SharedStore(RunStore):
    """The same as `Store`, with journal, runs and ledgers in PostgreSQL (13 or later).

    ``url`` is ``postgresql+asyncpg://user:password@host/name``; the extra ``postgres``. ``local``
    is this machine's store, whose cache is used; by default the one of the state folder. It is
    closed together with this one.

    Building one touches nothing: tables are made, or upgraded, by the first use. Works from any
    loop and thread, not in a process that was forked after its first use. A server that goes away
    is waited for ``patience_s`` seconds. Faults are `StoreError` and name host and database.

    ``owner_name`` is what others see of us (`in_flight`, `beats`, `bury`); every life of a process
    needs one of its own, or burying the dead would bury who came after it. ``lease_s`` is how long
    our leases are believed without a beat, one every ``beat_s`` seconds; only the server's clock
    counts. ``pool_size`` connections are opened at the most, and one for the beat.
    """

    def __init__(
        self,
        url: str,
        *,
        local: Store | None = None,
        owner_name: str | None = None,
        lease_s: float = LEASE_S,
        beat_s: float = BEAT_S,
        pool_size: int = 5,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Put the parts together; nothing is opened yet."""
        if not is_shared(url):
            raise UserError(
                "a shared store needs PostgreSQL: postgresql+asyncpg://user:password@host/name"
            )
        if not 0 < beat_s < lease_s:
            raise UserError(f"beat_s ({beat_s}) must be above 0 and below lease_s ({lease_s})")
        self._local = Store() if local is None else local
        self.cache = self._local.cache
        self._server = Server(url, pool_size=pool_size, patience_s=patience_s)
        self._owner = SharedOwner(self._server, owner_name, lease_s=lease_s, beat_s=beat_s)
        self._held = Held()
        self._clock = clock
        self._closed = False
        self.runs = Runs(self._server, find_by_key, clock=clock)
        self.ledger = Ledger(self._server)

    @property
    def server(self) -> Server:
        """The database itself, for those who keep tables of their own in it."""
        return self._server

    @property
    def place(self) -> str:
        """Host and name of the database."""
        return self._server.shown

    def journal(self, run: str = "", stage: str = "", *, refresh: bool = False) -> PostgresJournal:
        """Return the journal of one stage of a run."""
        return PostgresJournal(
            self._server,
            self._owner,
            self._held,
            run,
            stage,
            refresh=refresh,
            clock=self._clock,
        )

    # Those who work.

    @property
    def owner_name(self) -> str:
        """What others see of this store."""
        return self._owner.name

    async def in_flight(self, run: str) -> list[InFlight]:
        """Return what is held of a run, also by who died holding it; in order of labels."""
        return await self._owner.in_flight(run)

    async def beats(self) -> dict[str, float]:
        """Return how long ago, in seconds, each living owner gave a sign of life."""
        return await self._owner.beats()

    async def bury(self, owner_name: str) -> int:
        """Declare owners of a name dead: their leases are free at once, each with a death more.

        Returns how many there were. Who is buried alive keeps what he committed first, and signs
        anew with his next lease.
        """
        return await self._owner.bury(owner_name)

    # Runs.

    async def prune_runs(self, keep: int) -> None:
        """Drop the items of all but the newest ``keep`` runs, and what the dead left behind."""
        await super().prune_runs(keep)
        await self._server.ask(self._owner.sweep)

    async def is_done(self, key: bytes) -> bool:
        """Say whether the journal has a result under a key."""
        stored = stored_keys([key])
        found = await self._server.read(lambda: find_by_key(stored))
        return any(row.state == "done" for row in found.values())

    # The whole.

    async def stats(self) -> StoreStats:
        """Return what the database holds, and this machine's cache."""
        cache = await self.cache.stats()
        size = await self._server.rows("SELECT pg_database_size(current_database())")
        return await count(self._server, self.place, size[0][0], cache)

    async def forget(
        self, name: str | None = None, *, older_than_s: float | None = None
    ) -> Forgotten:
        """Erase a document and all that came of it, in the database and on this machine.

        Like `Store.forget`. The caches of other machines are theirs to forget; the server's log
        and copies are its keeper's.
        """
        before = None if older_than_s is None else self._clock() - older_than_s
        target = Target(name, before)
        uris = await self._server.read(lambda: documents_of_run(target)) if name else set()
        here = await self._local.forget(name, older_than_s=older_than_s, also=uris)
        await self._server.ask(self._owner.bury_stale)
        there = await self._server.write(lambda: delete(target, leased_labels, postgres=True))
        if await self._server.read(erasure_due):
            await self._server.ask(vacuum)
        # The same documents are meant here and there.
        return Forgotten(max(here.documents, there.documents), here.rows + there.rows)

    async def close(self) -> None:
        """Give leases back, close what is open; harmless when closed already."""
        self._closed = True
        try:
            await self._server.close()
        finally:
            await self._local.close()

    def __del__(self) -> None:
        """Warn when it was opened and never closed."""
        if getattr(self, "_closed", True) or not self._server.running:
            return
        warnings.warn(f"unclosed store {self.place}", ResourceWarning, source=self, stacklevel=2)
        self._server.abandon()
