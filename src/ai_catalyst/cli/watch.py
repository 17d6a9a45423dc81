"""``catalyst watch``: the same as ``catalyst run``, again and again, as the feeds want it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ai_catalyst.cli.config import ConfigOption, JsonOption
from ai_catalyst.cli.exits import ALL_DONE, INTERRUPTED
from ai_catalyst.cli.options import (
    AllowHostOption,
    AsyncOption,
    ConcurrencyOption,
    FollowLinksOption,
    ForceConcurrencyOption,
    LimitOption,
    ModelOption,
    OutputOption,
    settings_of,
)

if TYPE_CHECKING:
    from ai_catalyst.articles.watch_visits import Visits
    from ai_catalyst.cli.job import RunFigures
    from ai_catalyst.settings import Settings

__all__ = ["watch"]

MOST_TOLD = 5
"""Failures of a round that are told one by one."""


def watch(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Feeds, web pages, files and folders.")
    ] = None,
    every: Annotated[
        str,
        typer.Option("--every", help="How often, such as 15m, 1h or 1d; feeds may ask for less."),
    ] = "1h",
    once: Annotated[bool, typer.Option("--once", help="One round, for a scheduler's use.")] = False,
    limit: LimitOption = None,
    concurrency: ConcurrencyOption = None,
    force_concurrency: ForceConcurrencyOption = False,
    asynchronous: AsyncOption = None,
    output: OutputOption = None,
    follow_links: FollowLinksOption = True,
    model: ModelOption = None,
    allow_host: AllowHostOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Name each document; -vv more.")
    ] = 0,
) -> int:
    """Read what is new on a schedule, and keep the reports up to date, until it is stopped."""
    import asyncio
    from contextlib import suppress

    from ai_catalyst.cli.run import log_to_stderr
    from ai_catalyst.cli.state import age
    from ai_catalyst.errors import UserError

    settings = settings_of(
        config,
        concurrency=concurrency,
        force_concurrency=force_concurrency,
        asynchronous=asynchronous,
        output=output,
        model=model,
        allow_host=allow_host,
    )
    every_s = age(every, "--every")
    if every_s <= 0:
        raise UserError("--every must be longer than nothing: 15m, 1h, 1d")
    arguments = sources or settings.feeds
    if not arguments:
        raise UserError("nothing to watch: name feeds, pages or folders, or set `feeds`")
    log_to_stderr(settings.log_level, verbose)
    work = _Watch(settings, arguments, limit, follow_links, every_s, as_json, verbose)
    try:
        with suppress(asyncio.CancelledError):  # SIGTERM: asked to end, by whoever started it
            return asyncio.run(_until_told(work, once))
    except KeyboardInterrupt:
        _say("stopped; the same command goes on from there")
        return INTERRUPTED
    _say("ended; the same command goes on from there")
    return ALL_DONE


async def _until_told(work: _Watch, once: bool) -> int:
    import asyncio
    import signal

    task = asyncio.current_task()
    if task is not None and sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work.go(once)


class _Watch:
    """The settings of a watch, and what one round of it does."""

    def __init__(
        self,
        settings: Settings,
        arguments: list[str],
        limit: int | None,
        follow_links: bool,
        every_s: float,
        as_json: bool,
        verbose: int,
    ) -> None:
        self._settings = settings
        self._arguments = arguments
        self._limit = limit
        self._follow_links = follow_links
        self._every_s = every_s
        self._as_json = as_json
        self._verbose = verbose
        self._urls = [one for one in arguments if one.lower().startswith(("http://", "https://"))]

    async def go(self, once: bool) -> int:
        from ai_catalyst.articles.watch import Watcher

        watcher = Watcher(
            self.visit,
            self.read,
            every_s=self._every_s,
            others=len(self._urls) < len(self._arguments),
            say=_say,
        )
        return await watcher.go(once=once)

    async def visit(self, now: float) -> Visits:
        """Ask the feeds that are due, with the rates and time-outs of a run."""
        from ai_catalyst.articles.feed_state import FeedStates
        from ai_catalyst.articles.feeds import RSSParser
        from ai_catalyst.articles.watch_visits import visit_feeds
        from ai_catalyst.cli.stores import open_file_store
        from ai_catalyst.cli.web import http_of

        async with open_file_store(self._settings) as store, http_of(self._settings) as http:
            return await visit_feeds(
                self._urls,
                now,
                parser=RSSParser(http=http),
                states=FeedStates(store),
                cache=store.cache,
                usual_s=self._every_s,
            )

    async def read(self, number: int, visits: Visits) -> int:
        """Run over all sources; what is known is not done again."""
        from dataclasses import asdict

        from ai_catalyst.cli.job import Run
        from ai_catalyst.cli.progress import RunProgress

        job = Run(
            self._settings, self._arguments, limit=self._limit, follow_links=self._follow_links
        )
        figures = await job.go(RunProgress(shown=self._verbose > 0 and not self._as_json))
        if self._as_json:
            import json

            sys.stdout.write(json.dumps({"round": number, **asdict(figures)}) + "\n")
            sys.stdout.flush()
        else:
            _tell(number, figures, self._settings.output)
        return figures.exit_code


def _tell(number: int, figures: RunFigures, output: str) -> None:
    from ai_catalyst.cli.terminal import count, fault, money

    parts = [f"{figures.done:,} new", f"{figures.unchanged:,} unchanged"]
    if figures.failed:
        parts.append(f"{figures.failed:,} failed")
    parts += [count(figures.calls, "call"), money(figures.cost_usd)]
    _say(f"round {number}: {', '.join(parts)} in {figures.seconds:.1f} s · reports in {output}")
    for each in figures.failures[:MOST_TOLD]:
        kind, _, said = each["error"].partition(": ")
        _say(fault(each["source"], said or kind))
    if len(figures.failures) > MOST_TOLD:
        _say(f"  and {len(figures.failures) - MOST_TOLD:,} more; the report lists all")


def _say(line: str) -> None:
    from ai_catalyst.cli.terminal import safe_line

    indent = line[: len(line) - len(line.lstrip())]
    sys.stderr.write(f"{indent}{safe_line(line, 300)}\n")
    sys.stderr.flush()
