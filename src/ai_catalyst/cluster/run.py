"""One run on a cluster, from what makes it possible to its reports."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_catalyst import errors
from ai_catalyst.analysis.analyst import ModelAnalyst
from ai_catalyst.analysis.pipeline import KEEP_RUNS, Pipeline, RunSummary, report_rows
from ai_catalyst.analysis.reports import ReportRow, write_reports
from ai_catalyst.cluster.charge import Charge, settings_as_text
from ai_catalyst.cluster.driver import Driver, Hears, Progress
from ai_catalyst.cluster.fitness import require_likeness, require_redis
from ai_catalyst.cluster.limits import limits_of
from ai_catalyst.cluster.plan import Plan
from ai_catalyst.cluster.repeats import drop_repeats
from ai_catalyst.cluster.session import require_extra, session
from ai_catalyst.cluster.shard_rows import ShardRows
from ai_catalyst.errors import CatalystError, StoreError, UserError
from ai_catalyst.store.configured import shared_url
from ai_catalyst.store.place import state_dir

if TYPE_CHECKING:
    from ai_catalyst.analysis import Analyst
    from ai_catalyst.cluster.limits import SharedLimits
    from ai_catalyst.documents.locating import Locator
    from ai_catalyst.settings import Settings
    from ai_catalyst.store.shared import SharedStore

__all__ = ["Order", "inherited", "require_shared", "run_on_cluster"]

LEAST_SHARD = 32


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run, and where.

    ``arguments`` are the sources; ``address`` is a cluster's, None for one of our own; ``workers``
    processes a node, ``config`` the settings file that workers of our own cluster read.
    """

    arguments: Sequence[str | Locator]
    command: str
    address: str | None = None
    workers: int | None = None
    config: Path | None = None
    refresh: bool = False
    only_failed: bool = False
    follow_links: bool = True
    web: bool = False


def require_shared(settings: Settings) -> None:
    """Raise `UserError` when the settings name no database that many machines can share."""
    if shared_url(settings) is None:
        raise UserError(
            "--engine ray needs a database that many processes share, and SQLite is a file of one "
            "machine: add --database postgresql+asyncpg://user:password@host/name"
        )


async def run_on_cluster(
    order: Order, settings: Settings, store: SharedStore, analyst: Analyst, listener: Hears
) -> tuple[RunSummary, int]:
    """Run an order to its reports; returns its summary, and the number of pages.

    Raises `UserError` or `StoreError` by name for what makes it impossible, before anything starts.
    Cancelled, it keeps what is done: the same order goes on.
    """
    require_extra()
    require_shared(settings)
    plan = Plan(order.arguments)
    await store.server.rows("SELECT 1")
    await require_redis(settings)
    async with AsyncExitStack() as stack:
        workers = order.workers or (1 if order.address else 2)
        ray = await stack.enter_async_context(
            session(order.address, workers=workers, settings=inherited(order.address, order.config))
        )
        await require_likeness(ray)
        run = await store.start_run(order.command, options=Pipeline(analyst, store).options)
        limits: SharedLimits | None = None
        if isinstance(analyst, ModelAnalyst):
            limits = await stack.enter_async_context(_limits(settings, store, run))
        made = _Run(order, settings, store, analyst, listener, run, limits)
        return await made.go(ray, plan, workers)


def _limits(settings: Settings, store: SharedStore, run: str) -> SharedLimits:
    redis = settings.cache.redis_url
    return limits_of(
        redis.get_secret_value() if redis else None,
        run,
        owner=f"driver@{run}",
        spent=lambda: store.spent_usd(run=run),
    )


class _Run:
    """A run that was started: its charge, its end."""

    def __init__(
        self,
        order: Order,
        settings: Settings,
        store: SharedStore,
        analyst: Analyst,
        listener: Hears,
        run: str,
        limits: SharedLimits | None,
    ) -> None:
        self._order = order
        self._limits = limits
        self._settings = settings
        self._store = store
        self._options = Pipeline(analyst, store).options
        self._listener = listener
        self._run = run
        self._rows = ShardRows(store.server, run)
        self._summary = RunSummary(run)
        self._pages = 0

    async def go(self, ray: Any, plan: Plan, workers: int) -> tuple[RunSummary, int]:
        status = "interrupted"
        try:
            if self._limits is not None:
                await self._limits.check()
            await self._work(ray, plan, workers)
            await self._count()
            output = Path(self._settings.output)
            self._summary.reports = await write_reports(self._reported, output, keep=True)
            status = "done"
        finally:
            await asyncio.shield(self._finish(status))
        await self._store.prune_runs(KEEP_RUNS)
        return self._summary, self._pages

    async def _work(self, ray: Any, plan: Plan, workers: int) -> None:
        before = await self._before()
        charge = Charge(
            run=self._run,
            settings=settings_as_text(self._settings),
            options=self._options,
            model=self._limits is not None,
            web=self._order.web,
            refresh=self._order.refresh,
            follow_links=self._order.follow_links,
            only_of=before,
        )
        driver = Driver(
            ray,
            self._store,
            charge,
            plan,
            workers=workers,
            first=max(LEAST_SHARD, self._settings.async_.max_concurrent),
            joined=self._order.address is not None,
            wanted={item.uri async for item in self._store.stream_run(before)} if before else None,
            limits=self._limits,
            listener=self._listener,
        )
        await driver.run()
        self._pages = driver.progress.pages

    async def _before(self) -> str:
        """Return the run whose documents alone are wanted; its poison is tried again."""
        if not self._order.only_failed:
            return ""
        runs = [run.id for run in await self._store.runs.list(limit=2) if run.id != self._run]
        if not runs:
            return ""
        await self._rows.forgive(runs[0])
        return runs[0]

    async def _count(self) -> None:
        if self._order.web:
            await drop_repeats(self._store, self._rows, self._run)
        documents, failed = await self._rows.totals()
        summary = self._summary
        summary.failed = failed
        summary.done = await self._rows.done_now()
        summary.unchanged = documents - failed - summary.done
        summary.causes = {_error_named(name) for name in await self._rows.causes()}

    async def _reported(self) -> AsyncIterator[ReportRow]:
        """Yield the rows of the reports, and count the personal data in them."""
        personal = self._summary.personal
        personal.clear()
        async for row in report_rows(self._store, self._run):
            for kind, number in row.personal.items():
                personal[kind] = personal.get(kind, 0) + number
            yield row

    async def _finish(self, status: str) -> None:
        summary = self._summary
        if status != "done":
            with contextlib.suppress(StoreError):  # what ended the run is told, not this
                await self._count()
                known = summary.documents
                self._listener.cluster_is_at(
                    Progress(read=known, finished=known, failed=summary.failed, pages=self._pages)
                )
        counts = {
            "done": summary.done,
            "unchanged": summary.unchanged,
            "failed": summary.failed,
        }
        await self._store.finish_run(self._run, status, counts)
        await self._rows.sweep()


def inherited(address: str | None, config: Path | None) -> dict[str, str]:
    """Return what workers of a cluster of our own know from their environment."""
    if address is not None:
        return {}
    known = {"CATALYST_HOME": str(state_dir().absolute())}
    if config is not None:
        known["CATALYST_CONFIG"] = str(config.absolute())
    return known


def _error_named(name: str) -> type[Exception]:
    """Return the error of a name as the journal keeps it; a plain one for others' errors."""
    found = getattr(errors, name, None)
    return found if isinstance(found, type) and issubclass(found, CatalystError) else Exception
