"""``catalyst run``: documents in, reports out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ai_catalyst.cli.cluster import AddressOption
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
from ai_catalyst.cli.stores import DatabaseOption, database_url
from ai_catalyst.cli.terminal import print_json

if TYPE_CHECKING:
    from ai_catalyst.cli.job import Plan, Run, RunFigures
    from ai_catalyst.cli.progress import RunProgress

__all__ = ["log_to_stderr", "run"]


def run(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, web pages and feeds; `samples` works anywhere."),
    ] = None,
    limit: LimitOption = None,
    concurrency: ConcurrencyOption = None,
    force_concurrency: ForceConcurrencyOption = False,
    asynchronous: AsyncOption = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", "--plan", help="Show what would be read, sent and paid."),
    ] = False,
    output: OutputOption = None,
    force_refresh: Annotated[
        bool, typer.Option("--force-refresh", help="Analyse again what is done already.")
    ] = False,
    follow_links: FollowLinksOption = True,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Only what failed before.")
    ] = False,
    model: ModelOption = None,
    allow_host: AllowHostOption = None,
    database: DatabaseOption = None,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="This process, or many: ray needs --database and the extra `cluster`."),
    ] = "local",
    address: AddressOption = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes a machine, with --engine ray.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Say more; -vv still more.")
    ] = 0,
) -> int:
    """Read documents, analyse them, and write reports."""
    import asyncio

    from ai_catalyst.cli.progress import RunProgress
    from ai_catalyst.errors import UserError

    settings = settings_of(
        config,
        concurrency=concurrency,
        force_concurrency=force_concurrency,
        asynchronous=asynchronous,
        output=output,
        model=model,
        allow_host=allow_host,
        database=database_url(database),
    )
    arguments = sources or settings.feeds
    if not arguments:
        raise UserError(
            "nothing to read: name files, folders or URLs, or try `catalyst run samples`"
        )
    log_to_stderr(settings.log_level, verbose)
    job = _job(engine, address, workers, config)(
        settings,
        arguments,
        limit=limit,
        refresh=force_refresh,
        only_failed=retry_failed,
        follow_links=follow_links,
    )
    if dry_run:
        return asyncio.run(_plan(job, as_json))
    progress = RunProgress(shown=not as_json)
    try:
        return asyncio.run(_run(job, progress, as_json))
    except KeyboardInterrupt:
        progress.say(
            f"stopped; {progress.finished_count} done; the same command goes on from there"
        )
        return INTERRUPTED


def _job(
    engine: str, address: str | None, workers: int | None, config: Path | None
) -> Callable[..., Run]:
    """Return what makes the job: in this process, or on a cluster."""
    if engine == "ray":
        from ai_catalyst.cli.cluster_job import ClusterRun

        return partial(ClusterRun, address=address, workers=workers, config=config)
    if address is not None or workers is not None:
        from ai_catalyst.errors import UserError

        raise UserError("--address and --workers are a cluster's: add --engine ray")
    from ai_catalyst.cli.job import Run

    return Run


def log_to_stderr(level: str, verbose: int) -> None:
    """Log as much as was asked for, on stderr."""
    import logging

    quiet = "ERROR" if level == "ERROR" else "WARNING"  # a run already shows its progress
    wanted = {0: quiet if level == "INFO" else level, 1: "INFO"}.get(verbose, "DEBUG")
    logging.basicConfig(
        level=wanted, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )


async def _run(job: Run, progress: RunProgress, as_json: bool) -> int:
    figures = await job.go(progress)
    if as_json:
        print_json(asdict(figures))
    else:
        _show(figures)
    return figures.exit_code


def _show(figures: RunFigures) -> None:
    from ai_catalyst.cli.terminal import count, money, size

    work = [count(figures.done, "done", "done")] if figures.done or not figures.unchanged else []
    if figures.unchanged:
        work.append(f"{figures.unchanged:,} unchanged")
    if figures.failed:
        work.append(f"{figures.failed:,} failed")
    work += [count(figures.calls, "call"), money(figures.cost_usd)]
    typer.echo(f"\n{', '.join(work)} in {figures.seconds:.1f} s")
    if figures.personal:
        kinds = sorted(figures.personal.items(), key=lambda item: (-item[1], item[0]))
        told = ", ".join(f"{number} {kind.lower()}" for kind, number in kinds[:6])
        typer.echo(f"personal data found: {told}")
    typer.echo(f"sent off this machine for models: {size(figures.bytes_sent)}")
    if figures.reports:
        typer.echo("reports:")
        for path in figures.reports:
            typer.echo(f"  {path}")
    else:
        typer.echo("nothing was understood: the reports stay as they were")
    typer.echo(_next_step(figures))


def _next_step(figures: RunFigures) -> str:
    if figures.failed:
        where = "the report lists each reason" if figures.reports else "each reason stands above"
        return f"next: `--retry-failed` tries only what failed; {where}"
    if figures.model == "extractive":
        return "next: `catalyst doctor` shows how to let a model read; or run your own folder"
    return "next: `catalyst stats`, or run another folder"


async def _plan(job: Run, as_json: bool) -> int:
    plan = await job.plan()
    if as_json:
        print_json(asdict(plan))
    else:
        _show_plan(plan)
    return ALL_DONE


def _show_plan(plan: Plan) -> None:
    from ai_catalyst.cli.terminal import count, money, table

    table(
        ("source", "kind", "pages", "characters", "personal", "note"),
        [
            (d.uri, d.kind, str(d.pages), f"{d.characters:,}", str(d.personal), d.note)
            for d in plan.documents
        ],
    )
    pages = sum(document.pages for document in plan.documents)
    typer.echo(
        f"{count(len(plan.documents), 'document')}, {count(pages, 'page')} · {plan.engine} · "
        f"{money(plan.cost_usd)}"
    )
    typer.echo("nothing was fetched, sent or written")
