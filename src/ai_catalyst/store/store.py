"""The store: one file, one writer, readers beside it, and what stands on them."""

from __future__ import annotations

import sqlite3
import time
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from ai_catalyst.store.journal import SqliteJournal
from ai_catalyst.store.journal_rows import JournalRows
from ai_catalyst.store.owners import Owner
from ai_catalyst.store.readers import Parameters, Readers
from ai_catalyst.store.writer import Writer

__all__ = ["Store"]

T = TypeVar("T")


class Store:
    """Everything a working directory remembers, in one SQLite file.

    ``path`` is the file, or a folder it lies in; None is the state folder (``CATALYST_HOME``, else
    ``.catalyst``). Building one touches nothing: the file is made, or upgraded, by its first use,
    off the event loop. Works from any loop and thread, beside other processes. Faults of the file
    are `StoreError`.

    ``lease_s`` is how long another machine believes in our leases without a sign of life.
    """

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        busy_s: float = 30.0,
        lease_s: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Put the parts together; nothing is opened yet."""
        self.writer = Writer(path, busy_s=busy_s)
        self.path = self.writer.path
        self.readers = Readers(self.path, ready=self.writer.ready)
        self.owner = Owner(self.writer, lease_s=lease_s, clock=clock)
        self.journal_rows = JournalRows(self.writer)
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

    async def close(self) -> None:
        """Commit what was submitted and close the file; harmless when closed already."""
        self._closed = True
        await self.readers.close()
        await self.writer.close()

    async def __aenter__(self) -> Store:
        """Return the store; it opens by itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.close()

    def __del__(self) -> None:
        """Warn when it was opened and never closed."""
        if getattr(self, "_closed", True) or not self.writer.running or self.writer.forked:
            return
        warnings.warn(f"unclosed store {self.path}", ResourceWarning, source=self, stacklevel=2)
        self.readers.abandon()
        self.writer.abandon()
