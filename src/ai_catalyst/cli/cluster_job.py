"""``catalyst run --engine ray``: one run over many processes."""

from __future__ import annotations

import os
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_catalyst.analysis.configured import analyst_of, open_provider
from ai_catalyst.cli.job import Run, engine_line, figures_of
from ai_catalyst.cli.terminal import fault
from ai_catalyst.errors import UserError
from ai_catalyst.io.files import make_folder

if TYPE_CHECKING:
    from ai_catalyst.analysis.pipeline import RunSummary
    from ai_catalyst.cli.job import RunFigures
    from ai_catalyst.cli.progress import RunProgress
    from ai_catalyst.settings import Settings
    from ai_catalyst.store.shared import SharedStore

__all__ = ["ClusterRun"]

MOST_FAILURES = 20
"""Documents that failed that are named on the terminal; the report names all."""


class ClusterRun(Run):
    """A run whose documents are understood by the workers of a cluster."""

    def __init__(
        self,
        settings: Settings,
        arguments: list[str],
        *,
        address: str | None = None,
        workers: int | None = None,
        config: Path | None = None,
        limit: int | None = None,
        **options: Any,
    ) -> None:
        """Take the settings, what to read, and where; raises `UserError`."""
        from ai_catalyst.cluster.run import require_shared
        from ai_catalyst.cluster.session import require_extra

        if limit is not None:
            raise UserError(
                "--limit counts documents in their order, which one reader can do: "
                "leave it out with --engine ray, or name fewer sources"
            )
        require_extra()
        require_shared(settings)
        super().__init__(settings, arguments, **options)
        self._address = address
        self._workers = workers
        self._config = config

    async def go(self, progress: RunProgress) -> RunFigures:
        """Have the cluster read and analyse, and report; show it on ``progress``."""
        from ai_catalyst.cluster.run import Order, run_on_cluster
        from ai_catalyst.settings import find_config
        from ai_catalyst.store.configured import shared_store_of

        started = time.monotonic()
        settings = self._settings
        make_folder(settings.output)  # catalyst: blocking(nothing else runs yet)
        order = Order(
            self._arguments,
            self._command,
            address=self._address,
            workers=self._workers,
            config=find_config(
                self._config, os.environ
            ),  # catalyst: blocking(nothing else runs yet)
            refresh=self._refresh,
            only_failed=self._only_failed,
            follow_links=self._follow_links,
            web=self._from_the_web,
        )
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(shared_store_of(settings))
            llm = await open_provider(stack, settings, store)
            analyst = analyst_of(settings, llm, concurrency=self._concurrency)
            stack.enter_context(progress)
            progress.say(f"{self._command} · {engine_line(analyst)}")
            summary, progress.pages = await run_on_cluster(
                order, settings, store, analyst, progress
            )
            if summary.failed:
                await _say_failures(store, summary, progress)
            figures = await figures_of(store, summary, progress, analyst)
        figures.seconds = round(time.monotonic() - started, 2)
        return figures


async def _say_failures(store: SharedStore, summary: RunSummary, progress: RunProgress) -> None:
    """Name the first documents that failed, as a run in this process does: no worker may."""
    from ai_catalyst.cluster.shard_rows import ShardRows

    for uri, error in await ShardRows(store.server, summary.run).failures(MOST_FAILURES):
        progress.say(fault(uri, error.partition(": ")[2] or error))
    if summary.failed > MOST_FAILURES:
        progress.say(f"  … and {summary.failed - MOST_FAILURES:,} more failed")
