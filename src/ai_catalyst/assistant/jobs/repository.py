"""Jobs as rows: what is to be done, who does it until when, and what was told of it.

An item is leased before it is worked on. Its result, its state, the job's count and the event that
tells of it are one transaction, which also checks that the lease is still held: so a worker that
was killed, or believed dead, leaves nothing half done and doubles nothing.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai_catalyst.assistant.documents.repository import (
    DocumentRow,
    insert_document,
    remove_document,
)
from ai_catalyst.store.scripts import Ask
from ai_catalyst.store.search import add_passages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ai_catalyst.store.scripts import Driver, Script
    from ai_catalyst.store.search import NewPassage

__all__ = ["ENDS", "Finished", "JobEvent", "JobRow", "Jobs", "Lease"]

ENDS = frozenset({"done", "failed", "cancelled"})
ATTEMPTS = 3
"""An item whose worker dies so often is given up: it is what kills them."""
_COLUMNS = "id, owner, status, total, done, failed, error, created, updated"


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job: ``done`` and ``failed`` items of ``total``."""

    id: str
    owner: str
    status: str
    total: int
    done: int
    failed: int
    error: str | None
    created: float
    updated: float


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened; ids rise."""

    id: int
    event: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lease:
    """One item in somebody's hands."""

    job: str
    position: int
    document: str
    attempts: int
    holder: str


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of an item: passages, or an error for people."""

    title: str = ""
    kind: str = ""
    pages: int = 0
    passages: Sequence[NewPassage] = ()
    error: str | None = None


class Jobs:
    """Reads and writes them. ``clock`` is the wall's."""

    def __init__(self, driver: Driver, *, clock: Callable[[], float] = time.time) -> None:
        """Use a driver; it stays its owner's."""
        self._driver = driver
        self._clock = clock

    async def add(self, job: str, owner: str, documents: Sequence[DocumentRow]) -> None:
        """Write down a job and its documents, at once or not at all."""
        now = self._clock()
        await self._driver.write(lambda: _add(job, owner, documents, now))

    async def get(self, job: str, owner: str) -> JobRow | None:
        """Return somebody's own job."""
        rows = await self._driver.rows(
            f"SELECT {_COLUMNS} FROM assistant_jobs WHERE id = ? AND owner = ?",  # noqa: S608
            [job, owner],
        )
        return JobRow(**dict(rows[0])) if rows else None

    async def of(self, owner: str, limit: int) -> list[JobRow]:
        """Return somebody's own jobs, newest first."""
        rows = await self._driver.rows(
            f"SELECT {_COLUMNS} FROM assistant_jobs WHERE owner = ? "  # noqa: S608 - our columns
            "ORDER BY created DESC, id LIMIT ?",
            [owner, limit],
        )
        return [JobRow(**dict(row)) for row in rows]

    async def events(self, job: str, after: int, limit: int = 500) -> list[JobEvent]:
        """Return what happened after an event."""
        rows = await self._driver.rows(
            "SELECT id, event, data FROM assistant_job_events "
            "WHERE job = ? AND id > ? ORDER BY id LIMIT ?",
            [job, after, limit],
        )
        return [JobEvent(int(row["id"]), row["event"], json.loads(row["data"])) for row in rows]

    async def cancel(self, job: str, owner: str) -> bool:
        """End somebody's own job; items in hand are thrown away. False when it has ended."""
        now = self._clock()
        return await self._driver.write(lambda: _cancel(job, owner, now))

    async def remove_document(self, document: str, owner: str) -> bool:
        """Take somebody's own document out, of its job too; False when it is not theirs."""
        now = self._clock()
        return await self._driver.write(lambda: _remove(document, owner, now))

    async def lease(self, holder: str, count: int, seconds: float) -> list[Lease]:
        """Take items nobody holds, oldest jobs first."""
        now = self._clock()
        return await self._driver.write(
            lambda: _lease(holder, count, now, seconds, postgres=self._driver.postgres)
        )

    async def keep(self, holder: str, seconds: float) -> None:
        """Hold on to everything in one's hands."""
        until = self._clock() + seconds
        sql = "UPDATE assistant_job_items SET until = ? WHERE holder = ? AND status = 'leased'"
        await self._driver.write(lambda: _tell(sql, until, holder))

    async def give_back(self, holder: str) -> None:
        """Let others have what was not finished; it does not count as an attempt."""
        sql = (
            "UPDATE assistant_job_items SET status = 'queued', holder = NULL, until = 0, "
            "attempts = attempts - 1 WHERE holder = ? AND status = 'leased'"
        )
        await self._driver.write(lambda: _tell(sql, holder))

    async def put_off(self, lease: Lease, seconds: float) -> None:
        """Leave an item alone for a while; it does not count as an attempt."""
        until = self._clock() + seconds
        sql = (
            "UPDATE assistant_job_items SET holder = NULL, until = ?, attempts = attempts - 1 "
            "WHERE job = ? AND position = ? AND holder = ? AND status = 'leased'"
        )
        await self._driver.write(lambda: _tell(sql, until, lease.job, lease.position, lease.holder))

    async def finish(self, lease: Lease, finished: Finished) -> bool:
        """Write down what came of an item; False when it is no longer ours to say."""
        now = self._clock()
        return await self._driver.write(
            lambda: _finish(lease, finished, now, postgres=self._driver.postgres)
        )


def _tell(sql: str, *parameters: Any) -> Script[None]:
    yield Ask(sql, parameters)


def _add(job: str, owner: str, documents: Sequence[DocumentRow], now: float) -> Script[None]:
    yield Ask(
        "INSERT INTO assistant_jobs (id, owner, status, total, done, failed, created, updated) "
        "VALUES (?, ?, 'queued', ?, 0, 0, ?, ?)",
        [job, owner, len(documents), now, now],
    )
    for position, document in enumerate(documents):
        yield from insert_document(document)
        yield Ask(
            "INSERT INTO assistant_job_items (job, position, document, status, attempts, until) "
            "VALUES (?, ?, ?, 'queued', 0, 0)",
            [job, position, document.id],
        )
    yield from _say(job, now, "queued", {"total": len(documents)})


def _say(job: str, now: float, event: str, data: dict[str, Any]) -> Script[None]:
    yield Ask(
        "INSERT INTO assistant_job_events (job, at, event, data) VALUES (?, ?, ?, ?)",
        [job, now, event, json.dumps(data)],
    )


def _cancel(job: str, owner: str, now: float) -> Script[bool]:
    rows = yield Ask(
        "UPDATE assistant_jobs SET status = 'cancelled', updated = ? "
        "WHERE id = ? AND owner = ? AND status IN ('queued', 'running') RETURNING done, failed",
        [now, job, owner],
    )
    if not rows:
        return False
    yield Ask(
        "UPDATE assistant_documents SET status = 'cancelled' WHERE status = 'queued' AND id IN "
        "(SELECT document FROM assistant_job_items WHERE job = ?)",
        [job],
    )
    yield Ask(
        "UPDATE assistant_job_items SET status = 'cancelled', holder = NULL "
        "WHERE job = ? AND status IN ('queued', 'leased')",
        [job],
    )
    yield from _say(job, now, "cancelled", {"done": rows[0][0], "failed": rows[0][1]})
    return True


def _lease(
    holder: str, count: int, now: float, seconds: float, *, postgres: bool
) -> Script[list[Lease]]:
    skip = "FOR UPDATE OF i SKIP LOCKED" if postgres else ""
    rows = yield Ask(
        "SELECT i.job, i.position, i.document, i.attempts FROM assistant_job_items AS i "  # noqa: S608
        "JOIN assistant_jobs AS j ON j.id = i.job "
        "WHERE i.status = 'queued' OR (i.status = 'leased' AND i.until < ?) "
        f"ORDER BY j.created, i.job, i.position LIMIT ? {skip}",
        [now, count],
    )
    leases: list[Lease] = []
    for row in rows:
        lease = Lease(row["job"], row["position"], row["document"], row["attempts"] + 1, holder)
        yield Ask(
            "UPDATE assistant_job_items SET status = 'leased', holder = ?, until = ?, "
            "attempts = attempts + 1 WHERE job = ? AND position = ?",
            [holder, now + seconds, lease.job, lease.position],
        )
        started = yield Ask(
            "UPDATE assistant_jobs SET status = 'running', updated = ? "
            "WHERE id = ? AND status = 'queued' RETURNING total",
            [now, lease.job],
        )
        if started:
            yield from _say(lease.job, now, "started", {"total": started[0][0]})
        leases.append(lease)
    return leases


def _finish(lease: Lease, finished: Finished, now: float, *, postgres: bool) -> Script[bool]:
    state = "failed" if finished.error else "done"
    held = yield Ask(
        "UPDATE assistant_job_items SET status = ?, holder = NULL "
        "WHERE job = ? AND position = ? AND holder = ? AND status = 'leased' RETURNING document",
        [state, lease.job, lease.position, lease.holder],
    )
    if not held:
        return False
    rows = yield Ask(
        "UPDATE assistant_documents SET status = ?, error = ?, title = ?, kind = ?, pages = ?, "
        "passages = ? WHERE id = ? RETURNING owner, uri, name",
        [
            "failed" if finished.error else "ready",
            finished.error,
            finished.title,
            finished.kind,
            finished.pages,
            len(finished.passages),
            lease.document,
        ],
    )
    if rows and not finished.error:
        yield from add_passages(
            rows[0]["owner"], rows[0]["uri"], finished.passages, postgres=postgres
        )
    yield from _count(lease, finished, rows[0]["name"] if rows else "", now)
    return True


def _remove(document: str, owner: str, now: float) -> Script[bool]:
    removed = yield from remove_document(document, owner)
    if removed:
        rows = yield Ask(
            "UPDATE assistant_job_items SET status = 'cancelled', holder = NULL "
            "WHERE document = ? AND status IN ('queued', 'leased') RETURNING job",
            [document],
        )
        for row in rows:
            yield Ask("UPDATE assistant_jobs SET total = total - 1 WHERE id = ?", [row["job"]])
            yield from _end(row["job"], now)
    return removed


def _count(lease: Lease, finished: Finished, name: str, now: float) -> Script[None]:
    column = "failed" if finished.error else "done"
    rows = yield Ask(
        f"UPDATE assistant_jobs SET {column} = {column} + 1, updated = ? "  # noqa: S608 - ours
        "WHERE id = ? RETURNING total, done, failed",
        [now, lease.job],
    )
    told = {"document": lease.document, "name": name, **dict(rows[0])}
    if finished.error:
        told["error"] = finished.error
    event = "document_failed" if finished.error else "document_ready"
    yield from _say(lease.job, now, event, told)
    yield from _end(lease.job, now)


def _end(job: str, now: float) -> Script[None]:
    """End a job that has nothing left to do."""
    rows = yield Ask(
        "UPDATE assistant_jobs SET status = CASE WHEN failed > 0 AND done = 0 THEN 'failed' "
        "ELSE 'done' END, error = CASE WHEN failed > 0 THEN "
        "failed || ' of ' || total || ' could not be read' END, updated = ? "
        "WHERE id = ? AND status IN ('queued', 'running') AND done + failed >= total "
        "RETURNING status, total, done, failed",
        [now, job],
    )
    if rows:
        told = dict(rows[0])
        yield from _say(job, now, told.pop("status"), told)
