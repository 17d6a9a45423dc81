"""`ExtractionRepository`: what was read and found, who mended it, and where words stand."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from ai_catalyst.engine.bridge import twin
from ai_catalyst.errors import UserError
from ai_catalyst.pdf import repository_scripts as scripts
from ai_catalyst.pdf.model import Extraction, PageText
from ai_catalyst.pdf.repository_drivers import PostgresDriver, StoreDriver
from ai_catalyst.pdf.repository_model import (
    ChangedMeanwhile,
    Correction,
    Hit,
    SavedDocument,
    Summary,
)
from ai_catalyst.store.database import DatabaseManager
from ai_catalyst.store.journal import SqliteJournal
from ai_catalyst.store.store import Store

__all__ = [
    "ChangedMeanwhile",
    "Correction",
    "ExtractionRepository",
    "Hit",
    "SavedDocument",
    "Summary",
]

MOST_LISTED = 10_000


class ExtractionRepository:
    """Keeps documents by their content, with pages, fields, evidence and corrections.

    ``db`` is a `DatabaseManager`, a `Store`, a URL, a path, or None for the store in the state
    folder. On SQLite it writes through the store's group-commit writer, on PostgreSQL through the
    manager's pool. Nothing is opened before the first use; what is given stays open when this is
    closed. Works from any loop and thread, beside other processes. Faults of the database are
    `StoreError`, unknown ids and fields `UserError`.
    """

    def __init__(
        self,
        db: DatabaseManager | Store | Path | str | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Choose the database."""
        self._driver = _driver(db)
        self._clock = clock

    async def save(
        self,
        file_name: str,
        sha256: str,
        pages: Sequence[PageText],
        extraction: Extraction,
        outcome: str,
        method: str,
    ) -> int:
        """Keep what was found in a document; returns its ``db_id``, durable when it returns.

        Saving the same once more, say after a crash, gives the same id and keeps the corrections;
        another result for the same content is a new record beside the old one.
        """
        now = self._clock()
        return await self._driver.write(
            lambda: scripts.save(file_name, sha256, pages, extraction, outcome, method, now)
        )

    save_sync = twin(save)

    async def get(self, db_id: int) -> SavedDocument:
        """Return a record with its fields, evidence and corrections."""
        return await self._driver.read(lambda: scripts.get(db_id))

    get_sync = twin(get)

    async def pages(self, db_id: int) -> builtins.list[PageText]:
        """Return the pages as they were read, without the places of single words."""
        return await self._driver.read(lambda: scripts.pages_of(db_id))

    pages_sync = twin(pages)

    async def list(
        self, limit: int = 100, *, before: int | None = None, name: str | None = None
    ) -> builtins.list[Summary]:
        """Return records, the newest first; ``before`` is the last id of the page before.

        ``name`` is a part of the file name. However many there are, a page costs the same.
        """
        if not 0 < limit <= MOST_LISTED:
            raise UserError(f"limit must be from 1 to {MOST_LISTED}, not {limit}")
        return await self._driver.read(lambda: scripts.listing(limit, before, name))

    list_sync = twin(list)  # noqa: A003 - the method above

    async def count(self) -> int:
        """Return how many records there are."""
        return await self._driver.read(scripts.number_of)

    count_sync = twin(count)

    async def correct(
        self,
        db_id: int,
        field: str,
        value: Any,
        *,
        who: str = "",
        seen: Any = scripts.ANY,
        add: bool = False,
    ) -> Correction:
        """Change a field for good; the extractor's value and every change stay on record.

        ``seen`` is the value that the person saw: when somebody else changed it since, a
        `ChangedMeanwhile` says so and nothing is changed. With ``add`` a field that was not found
        may be filled in, too.
        """
        postgres, now = self._driver.postgres, self._clock()
        return await self._driver.write(
            lambda: scripts.correct(db_id, field, value, who, seen, now, add=add, locked=postgres)
        )

    correct_sync = twin(correct)

    async def search(self, words: str, limit: int = 50) -> builtins.list[Hit]:
        """Return pages that hold all words, the best first; accents and case don't matter.

        The last word may be the beginning of one. On PostgreSQL accents do matter.
        """
        postgres = self._driver.postgres
        return await self._driver.read(lambda: scripts.search(words, limit, postgres=postgres))

    search_sync = twin(search)

    def journal(self, stage: str) -> SqliteJournal | None:
        """Return the journal beside the records, so that nothing is processed twice.

        None on PostgreSQL.
        """
        if isinstance(self._driver, PostgresDriver):
            return None
        return self._driver.store.journal(stage=stage)

    async def close(self) -> None:
        """Close what was opened here; harmless when closed already."""
        await self._driver.close()

    close_sync = twin(close)

    async def __aenter__(self) -> ExtractionRepository:
        """Return the repository; it opens by itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.close()

    def __enter__(self) -> ExtractionRepository:
        """Return the repository, in sync code."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close_sync()


def _driver(db: DatabaseManager | Store | Path | str | None) -> StoreDriver | PostgresDriver:
    if isinstance(db, Store):
        return StoreDriver(db, own=False)
    own = None if isinstance(db, DatabaseManager) else DatabaseManager(db)
    manager = db if isinstance(db, DatabaseManager) else own
    assert manager is not None
    if manager.path is None:
        return PostgresDriver(manager, own=own is not None)
    return StoreDriver(Store(manager.path), own=True, manager=own)
