"""The store: one file, one writer, readers beside it, and what stands on them."""

from __future__ import annotations

import asyncio
import sqlite3
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from ai_catalyst.store.cache import Cache, Tier
from ai_catalyst.store.disk import Disk
from ai_catalyst.store.forget import (
    Forgotten,
    Target,
    delete,
    documents_of_run,
    erase,
    erasure_due,
)
from ai_catalyst.store.journal import SqliteJournal
from ai_catalyst.store.journal_rows import find_settled
from ai_catalyst.store.leases import leased_labels
from ai_catalyst.store.ledger import Ledger
from ai_catalyst.store.owners import Owner
from ai_catalyst.store.packing import stored_keys
from ai_catalyst.store.readers import Parameters, Readers
from ai_catalyst.store.register import Register
from ai_catalyst.store.run_store import RunStore
from ai_catalyst.store.runs import Runs
from ai_catalyst.store.scripts import SqliteDriver, run_script
from ai_catalyst.store.stats import StoreStats, count, size_of
from ai_catalyst.store.writer import Writer

__all__ = ["Store"]

T = TypeVar("T")


class Store(RunStore):
    """Everything a working directory remembers, in one SQLite file.

    ``path`` is the file, or a folder it lies in; None is the state folder (``CATALYST_HOME``, else
    ``.catalyst``). Building one touches nothing: the file is made, or upgraded, by its first use,
    off the event loop. Works from any loop and thread, beside other processes. Faults of the file
    are `StoreError`.

    ``busy_s`` is how long to wait for another process that writes, ``lease_s`` how long another
    machine believes in our leases without a sign of life. ``cache_ttl_s`` says how long which kind
    of value is cached; with ``cache_redis_url`` what is cached is kept there, for all who name the
    same server, and not in the file. ``clock`` is the wall's, in seconds since the epoch.
    """

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        busy_s: float = 30.0,
        lease_s: float = 60.0,
        cache_memory_bytes: int = 256 << 20,
        cache_disk_bytes: int = 2 << 30,
        cache_ttl_s: Mapping[str, float] | None = None,
        cache_redis_url: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Put the parts together; nothing is opened yet."""
        self.writer = Writer(path, busy_s=busy_s)
        self.path = self.writer.path
        self.readers = Readers(self.path, ready=self.writer.ready)
        self.register = Register(self.writer, Owner(self.writer, lease_s=lease_s, clock=clock))
        self.cache = Cache(
            _remote(cache_redis_url)
            if cache_redis_url
            else Disk(self.writer, self.readers, cache_disk_bytes),
            memory_bytes=cache_memory_bytes,
            ttl_s=cache_ttl_s,
            clock=clock,
        )
        self._driver = SqliteDriver(self.writer, self.readers, own=False)
        self.runs = Runs(
            self._driver,
            find_settled,
            settle=lambda: self.writer.submit(self.register.rows.settle),
            clock=clock,
        )
        self.ledger = Ledger(self._driver)
        self._clock = clock
        self._closed = False

    def journal(self, run: str = "", stage: str = "", *, refresh: bool = False) -> SqliteJournal:
        """Return the journal of one stage of a run."""
        return SqliteJournal(self, run, stage, refresh=refresh, clock=self._clock)

    async def read(self, run: Callable[[sqlite3.Connection], T]) -> T:
        """Return what ``run(connection)`` returns, beside the writer; rows have names and indices.

        The connection refuses to write.
        """
        return await self.readers.read(run)

    def stream(self, sql: str, parameters: Parameters = ()) -> AsyncIterator[sqlite3.Row]:
        """Yield a query's rows from one snapshot, however many there are."""
        return self.readers.stream(sql, parameters)

    async def is_done(self, key: bytes) -> bool:
        """Say whether the journal has a result under a key."""
        await self.writer.submit(self.register.rows.settle)
        stored = stored_keys([key])
        found = await self._driver.read(lambda: find_settled(stored))
        return any(row.state == "done" for row in found.values())

    # The whole.

    async def stats(self) -> StoreStats:
        """Return what the store holds."""
        cache = await self.cache.stats()
        size = await asyncio.to_thread(size_of, self.path)
        return await count(self._driver, str(self.path), size, cache)

    async def forget(
        self,
        name: str | None = None,
        *,
        older_than_s: float | None = None,
        also: Iterable[str] = (),
    ) -> Forgotten:
        """Erase a document and all that came of it, with no trace left in the file.

        ``name`` is a URI (with its parts ``#…``; with ``/`` at the end, a folder) or a run's id;
        or else everything older than some seconds. ``also`` are URIs of documents that go with it.
        Raises `StoreError` when a live run is working on one of the documents, or when traces could
        not be removed; then say it again.
        """
        before = None if older_than_s is None else self._clock() - older_than_s
        target = Target(name, before, frozenset(also))
        uris = await self._driver.read(lambda: documents_of_run(target)) if name else set()
        # What is cached elsewhere first: when it cannot be erased, all can be said again.
        await self.cache.forget(
            lambda uri: name is None or uri in uris or target.matches(uri), before
        )
        forgotten = await self.writer.submit(lambda c: self._delete(c, target))
        if await self._driver.read(erasure_due):
            await self.writer.maintain(lambda c: erase(c, self.path))
        return forgotten

    def _delete(self, connection: sqlite3.Connection, target: Target) -> Forgotten:
        self.register.rows.settle(connection)
        self.register.owner.bury(connection)
        return run_script(connection, delete(target, leased_labels))

    async def close(self) -> None:
        """Commit what was submitted and close the file; harmless when closed already."""
        self._closed = True
        await self.cache.close()
        await self.readers.close()
        await self.writer.close()

    def __del__(self) -> None:
        """Warn when it was opened and never closed."""
        if getattr(self, "_closed", True) or not self.writer.running or self.writer.forked:
            return
        warnings.warn(f"unclosed store {self.path}", ResourceWarning, source=self, stacklevel=2)
        self.readers.abandon()
        self.writer.abandon()


def _remote(url: str) -> Tier:
    from ai_catalyst.store.remote import Remote

    return Remote(url)
