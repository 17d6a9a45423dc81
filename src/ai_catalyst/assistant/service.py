"""The service: everything a worker process holds while it serves, opened and closed in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

from ai_catalyst.assistant.auth.service import Accounts
from ai_catalyst.assistant.documents.repository import Documents
from ai_catalyst.assistant.documents.service import Library
from ai_catalyst.assistant.jobs.repository import Jobs
from ai_catalyst.assistant.jobs.worker import JobWorker
from ai_catalyst.assistant.keys import load_keys
from ai_catalyst.assistant.meaning import Searcher, embedder_of
from ai_catalyst.assistant.passwords import Passwords
from ai_catalyst.assistant.rag.service import Assistant
from ai_catalyst.assistant.tokens import Tokens
from ai_catalyst.errors import StoreError
from ai_catalyst.llm.configured import provider_of
from ai_catalyst.llm.onnx import OnnxEmbedder
from ai_catalyst.store.scripts import open_driver
from ai_catalyst.store.search import PassageSearch
from ai_catalyst.store.store import Store
from ai_catalyst.store.vectors import HybridSearch

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from ai_catalyst.assistant.config import ServiceConfig
    from ai_catalyst.io.connections import AsyncConnectionManager

__all__ = ["Service"]

log = logging.getLogger(__name__)

TIDY_S = 900.0


class Service:
    """Built without touching anything; `running` opens it. ``clock`` is the wall's."""

    def __init__(
        self,
        config: ServiceConfig,
        environ: os._Environ[str] | dict[str, str],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Put the parts together. Raises `UserError` for weak keys and wrong settings."""
        self.config = config
        self.clock = clock
        self.closing = asyncio.Event()
        """Set when the process is asked to end: streams say goodbye."""
        keys = load_keys(config.keys, environ)
        self.driver = open_driver(config.database_url or config.home / "catalyst.db")
        self.passwords = Passwords()
        self.accounts = Accounts(
            self.driver, config, Tokens(keys, clock=clock), keys, self.passwords, clock=clock
        )
        self.passages = PassageSearch(self.driver)
        self.jobs = Jobs(self.driver, clock=clock)
        self.documents = Documents(self.driver, clock=clock)
        self.library = Library(config, self.documents, self.jobs)
        self.worker = JobWorker(self.jobs, self.library, self.documents, clock=clock)
        self.ledger = Store(config.home)
        self.llm = provider_of(config.settings, self.ledger)
        self.embedder = embedder_of(config.settings.serve.embeddings, self.llm)
        hybrid = HybridSearch(self.driver, self.passages, self.embedder) if self.embedder else None
        self.search = Searcher(self.passages, hybrid)
        self.assistant = Assistant(self.search, self.documents, self.llm)
        self._manager: AsyncConnectionManager | None = None
        self._opening = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open everything, work on jobs, and close everything in the end."""
        await self.prepare()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self.worker.run())]
                tasks.append(group.create_task(self.search.run()))
                tasks.append(group.create_task(self._tidy()))
                try:
                    yield
                finally:
                    self.closing.set()
                    await self.worker.stop()
                    for task in tasks:
                        task.cancel()
        finally:
            await self.close()

    async def _tidy(self) -> None:
        """Remove what others left behind, now and then."""
        while True:
            try:
                if count := await self.library.sweep():
                    log.info("removed %d uploaded files that nobody waits for", count)
            except (StoreError, OSError) as error:
                log.warning("uploads were not looked through: %s", type(error).__name__)
            await asyncio.sleep(TIDY_S)

    async def prepare(self) -> None:
        """Make the tables, fill the shelf, and print the link for the first administrator."""
        await asyncio.to_thread(self.config.uploads.mkdir, 0o700, True, True)
        await self.driver.rows("SELECT 1")
        loaded = await self.library.load_starter()
        if loaded:
            log.info("loaded %d documents of the starter knowledge base", loaded)

    async def first_link(self) -> str | None:
        """Return the secret that makes the first administrator, None when there is one."""
        if await self.accounts.people.has_admin():
            return None
        return await self.accounts.invite("admin")

    async def session(self) -> AsyncSession:
        """Return a new SQLAlchemy session on the database."""
        async with self._opening:
            if self._manager is None:
                self._manager = await self._connect()
        return self._manager.session()

    async def _connect(self) -> AsyncConnectionManager:
        from ai_catalyst.io.connections import AsyncConnectionManager

        url = self.config.database_url or f"sqlite+aiosqlite:///{self.config.home / 'catalyst.db'}"
        manager = AsyncConnectionManager({"database_url": url, "redis_url": None})
        await manager.initialize()
        return manager

    async def ready(self) -> dict[str, str]:
        """Return what is not well, by name; empty when all is."""
        ill: dict[str, str] = {}
        try:
            async with asyncio.timeout(2.0):
                await self.driver.rows("SELECT 1 FROM assistant_users LIMIT 1")
        except Exception as error:  # noqa: BLE001 - whatever it is, the database is not well
            log.warning("the database is not well: %s", type(error).__name__)
            ill["database"] = "does not answer"
        if self.closing.is_set():
            ill["service"] = "is closing"
        return ill

    async def close(self) -> None:
        """Close what depends on others first; harmless when closed already."""
        self.passwords.close()
        if isinstance(self.embedder, OnnxEmbedder):
            self.embedder.close()
        closers: list[Any] = [self.llm.close, self.ledger.close, self.driver.close]
        if self._manager is not None:
            closers.insert(0, self._manager.close)
        for close in closers:
            await close()
