"""The record of runs: what was asked, which documents it named, what became of each."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any

import msgspec

from ai_catalyst.store.journal_rows import Found
from ai_catalyst.store.packing import clean, stored_keys
from ai_catalyst.store.scripts import Ask, Driver, Script

__all__ = ["Run", "RunItem", "RunItems", "Runs"]

GROUP = 256
GOING_ON_S = 7 * 86_400.0
"""How long a run that has not finished keeps its items, however many are newer: it may go on."""

Find = Callable[[Sequence[bytes]], Script[dict[bytes, Found]]]
"""Finds the journal's rows of some keys."""

_START = """
INSERT INTO runs(id, started, command, options, status, counts)
VALUES (?, ?, ?, ?, 'running', '{}')
"""
_FINISH = "UPDATE runs SET finished = ?, status = ?, counts = ? WHERE id = ?"
_PUT = """
INSERT INTO run_items(run, position, key, uri, title, kind, hash, error, meta)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, position) DO UPDATE SET key = excluded.key, uri = excluded.uri,
title = excluded.title, kind = excluded.kind, hash = excluded.hash, error = excluded.error,
meta = excluded.meta
"""
_PAGE = """
SELECT position, uri, key, title, kind, hash, error, meta FROM run_items
WHERE run = ? AND position > ? ORDER BY position LIMIT ?
"""
_PRUNE = """
DELETE FROM run_items WHERE run IN (
  SELECT id FROM runs WHERE NOT (status = 'running' AND started > ?)
  AND id NOT IN (SELECT id FROM runs ORDER BY started DESC, id DESC LIMIT ?)
)
"""
_NEWEST = """
SELECT id, started, finished, command, options, status, counts FROM runs
ORDER BY started DESC, id DESC LIMIT ?
"""


class RunItem(msgspec.Struct, frozen=True):
    """One document of a run.

    ``position`` is its place in the sources, ``key`` its journal key. ``meta`` holds plain JSON
    values. ``value`` is what the journal has under the key; it is filled in by reading, not stored
    here.
    """

    position: int
    uri: str
    key: bytes | None = None
    title: str = ""
    kind: str = ""
    hash: str = ""
    error: str | None = None
    meta: Mapping[str, Any] = {}
    value: bytes | None = None


class Run(msgspec.Struct, frozen=True):
    """One run; times are seconds since the epoch, ``counts`` whatever its maker counted."""

    id: str
    started: float
    finished: float | None
    command: str
    options: str
    status: str
    counts: dict[str, int]


class RunItems:
    """Takes the items of a run one by one and writes them in groups; the rest at its end."""

    def __init__(self, runs: Runs, run: str) -> None:
        """Belong to a run."""
        self._runs = runs
        self._run = run
        self._waiting: list[RunItem] = []

    async def add(self, item: RunItem) -> None:
        """Take an item; it is durable when the group is full, or at the end."""
        self._waiting.append(item)
        if len(self._waiting) >= GROUP:
            await self.flush()

    async def flush(self) -> None:
        """Write what is waiting."""
        items, self._waiting = self._waiting, []
        if items:
            await self._runs.add(self._run, items)

    async def __aenter__(self) -> RunItems:
        """Begin."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write the rest, also when the run was interrupted."""
        await self.flush()


class Runs:
    """Writes runs down and reads them back."""

    def __init__(
        self,
        driver: Driver,
        find: Find,
        *,
        settle: Callable[[], Awaitable[object]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use the store's database; ``settle`` is awaited before ``find`` is asked."""
        self._driver = driver
        self._find = find
        self._settle = settle
        self._clock = clock

    async def start(self, command: str, *, options: str = "") -> str:
        """Write down that a run begins; returns its id, which sorts by time."""
        now = self._clock()
        run = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{os.urandom(3).hex()}"
        await self._write(_START, (run, now, command, options))
        return run

    async def finish(self, run: str, status: str, counts: Mapping[str, int] | None = None) -> None:
        """Write down how a run ended."""
        told = msgspec.json.encode(dict(counts or {})).decode()
        await self._write(_FINISH, (self._clock(), status, told, run))

    async def add(self, run: str, items: Sequence[RunItem]) -> None:
        """Write items of a run; one at a position that has one takes its place."""
        await self._write(_PUT, [_row(run, item) for item in items], many=True)

    async def stream(self, run: str) -> AsyncIterator[RunItem]:
        """Yield a run's items in source order, each with its value from the journal."""
        if self._settle is not None:
            await self._settle()
        items: list[RunItem] = []
        last = -1
        while items := await self._driver.read(partial(self._page, run, last)):
            for item in items:
                yield item
            last = items[-1].position

    async def prune(self, keep: int) -> None:
        """Drop the items of all but the newest ``keep`` runs; the runs themselves stay."""
        await self._write(_PRUNE, (self._clock() - GOING_ON_S, keep))

    async def _write(self, sql: str, parameters: Sequence[Any], *, many: bool = False) -> None:
        def script() -> Script[None]:
            yield Ask(sql, parameters, many)

        await self._driver.write(script)

    def _page(self, run: str, after: int) -> Script[list[RunItem]]:
        """Read some items and their results."""
        rows = yield Ask(_PAGE, (run, after, GROUP))
        keys = [row["key"] for row in rows if row["key"] is not None]
        found = yield from self._find(keys)
        return [_item(row, found.get(row["key"])) for row in rows]

    async def list(self, *, limit: int = 20) -> list[Run]:
        """Return the newest runs, newest first."""
        return [_run(*row) for row in await self._driver.rows(_NEWEST, (limit,))]


def _row(run: str, item: RunItem) -> tuple[Any, ...]:
    return (
        run,
        item.position,
        None if item.key is None else stored_keys([item.key])[0],
        clean(item.uri),
        clean(item.title),
        item.kind,
        item.hash,
        None if item.error is None else clean(item.error),
        msgspec.json.encode(item.meta).decode() if item.meta else None,
    )


def _item(row: Any, found: Found | None) -> RunItem:
    error = row["error"]
    if error is None and found is not None and found.state == "failed":
        error = found.error
    return RunItem(
        row["position"],
        row["uri"],
        row["key"],
        row["title"],
        row["kind"],
        row["hash"],
        error,
        msgspec.json.decode(row["meta"]) if row["meta"] else {},
        found.value if found is not None and found.state == "done" else None,
    )


def _run(id_: str, started: float, finished: float | None, *rest: str) -> Run:
    command, options, status, counts = rest
    return Run(id_, started, finished, command, options, status, msgspec.json.decode(counts))
