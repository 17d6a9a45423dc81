"""The worker: takes items of jobs, reads them, and holds on to what it has while it lives."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
import uuid
from typing import TYPE_CHECKING

from ai_catalyst.assistant.jobs.repository import ATTEMPTS, Finished
from ai_catalyst.assistant.metrics import count_document
from ai_catalyst.errors import CatalystError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ai_catalyst.assistant.documents.repository import DocumentRow, Documents
    from ai_catalyst.assistant.documents.service import Library
    from ai_catalyst.assistant.jobs.repository import Jobs, Lease

__all__ = ["JobWorker"]

log = logging.getLogger(__name__)

LEASE_S = 20.0
"""A worker that gives no sign for so long is taken for dead."""
PAUSE_S = 5.0
"""So long a document is left alone whose result the database did not take."""
AT_ONCE = 4
IDLE_S = 1.0
"""How soon work of another process, or of one that died, is looked for."""


class JobWorker:
    """Works on whatever jobs there are, some items at a time, until it is stopped."""

    def __init__(
        self,
        jobs: Jobs,
        library: Library,
        documents: Documents,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use the tables; the holder's name is this process's alone."""
        self._jobs = jobs
        self._library = library
        self._documents = documents
        self._clock = clock
        self.holder = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self._bell = asyncio.Event()
        self._news = asyncio.Condition()
        self._stopping = False

    def wake(self) -> None:
        """Look for work now."""
        self._bell.set()

    async def changed(self, seconds: float) -> None:
        """Return when an item was finished here, or after some seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait()

    async def run(self) -> None:
        """Work until cancelled; the database may go away and come back."""
        while not self._stopping:
            self._bell.clear()
            try:
                leases = await self._jobs.lease(self.holder, AT_ONCE, LEASE_S)
                if leases:
                    await self._work(leases)
                    continue
            except StoreError as error:
                log.warning("jobs wait for the database: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE_S):
                    await self._bell.wait()

    async def stop(self) -> None:
        """Give back what is not finished, so that another worker begins at once."""
        self._stopping = True
        self._bell.set()
        with contextlib.suppress(StoreError):
            await self._jobs.give_back(self.holder)
        async with self._news:
            self._news.notify_all()

    async def _work(self, leases: list[Lease]) -> None:
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(self._hold())
            async with asyncio.TaskGroup() as items_group:
                for lease in leases:
                    items_group.create_task(self._one(lease))
            keeper.cancel()

    async def _hold(self) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            with contextlib.suppress(StoreError):
                await self._jobs.keep(self.holder, LEASE_S)

    async def _one(self, lease: Lease) -> None:
        try:
            await self._read_and_write(lease)
        except StoreError as error:  # it is done again, and no fault of the document's
            log.warning("a document waits for the database: %s", error)
            with contextlib.suppress(StoreError):
                await self._jobs.put_off(lease, PAUSE_S)
        async with self._news:
            self._news.notify_all()

    async def _read_and_write(self, lease: Lease) -> None:
        row = await self._documents.at(lease.document)
        finished = await self._read(lease, row)
        if self._stopping or not await self._jobs.finish(lease, finished):
            return
        count_document("failed" if finished.error else "ready")
        if row is not None:
            await self._library.discard(row)

    async def _read(self, lease: Lease, row: DocumentRow | None) -> Finished:
        if lease.attempts > ATTEMPTS:
            return Finished(error=f"its reader died {ATTEMPTS} times: it is not tried again")
        if row is None:
            return Finished(error="it was removed")
        try:
            return await self._library.read(row)
        except StoreError:
            raise
        except CatalystError as error:
            log.warning("a document failed: %s", type(error).__name__, extra={"job": lease.job})
            return Finished(kind=row.kind, error="it could not be read")
        except OSError as error:
            log.warning("a document failed: %s", error.strerror, extra={"job": lease.job})
            return Finished(kind=row.kind, error="it could not be read from the disk")
