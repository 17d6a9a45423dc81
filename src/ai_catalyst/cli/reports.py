"""``catalyst reports`` and ``catalyst metrics``: what was written, and how the runs went."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ai_catalyst.cli.config import ConfigOption, JsonOption
from ai_catalyst.cli.stores import DatabaseOption, database_url, open_store, settings_with
from ai_catalyst.cli.terminal import moment, money, print_json, size, table

if TYPE_CHECKING:
    from ai_catalyst.settings import Settings
    from ai_catalyst.store import RunStore

__all__ = ["metrics", "reports"]

RUNS = 20
COLUMNS = (
    *("run", "status", "documents", "unchanged", "failed"),
    *("seconds", "a second", "calls", "cost"),
)


def reports(
    output: Annotated[Path | None, typer.Option(help="Folder of the reports.")] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Write them again from what is kept.")
    ] = False,
    run: Annotated[
        str | None, typer.Option("--run", help="Of this run; the newest when left out.")
    ] = None,
    database: DatabaseOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the reports, or write those of a run again; nothing is read or asked anew."""
    import asyncio

    from ai_catalyst.settings import load_settings

    flags = {
        "output": str(output) if output else None,
        "database.url": database_url(database),
    }
    settings, _ = load_settings(flags, config=config)
    if rebuild or run:
        asyncio.run(_rebuild(settings, run))
    found = _listed(Path(settings.output))
    if as_json:
        print_json(found)
    elif not found:
        typer.echo(f"no reports in {settings.output}; `catalyst run` writes them")
    else:
        table(
            ("report", "size", "written"),
            [(each["path"], size(each["bytes"]), moment(each["written"])) for each in found],
        )


def _listed(folder: Path) -> list[dict[str, Any]]:
    from ai_catalyst.analysis.reports.writer import REPORTS

    paths = [folder / kind.file_name for kind in REPORTS]
    return [
        {"path": str(path), "bytes": path.stat().st_size, "written": path.stat().st_mtime}
        for path in paths
        if path.is_file()
    ]


async def _rebuild(settings: Settings, run: str | None) -> None:
    from ai_catalyst.analysis.pipeline import report_rows
    from ai_catalyst.analysis.reports import write_reports
    from ai_catalyst.errors import UserError

    async with open_store(settings) as store:
        known = [each.id for each in await store.runs.list(limit=1000)]
        chosen = run or next(iter(known), None)
        if chosen is None or chosen not in known:
            raise UserError(f"there is no run {run!r}" if run else "there is no run yet")
        await write_reports(lambda: report_rows(store, chosen), Path(settings.output))


def metrics(
    database: DatabaseOption = None,
    as_json: JsonOption = False,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Print Prometheus's text format.")
    ] = False,
) -> None:
    """Show how the last runs went: how many, how fast, what was remembered, what it cost."""
    import asyncio

    runs, totals = asyncio.run(_measured(open_store(settings_with(database))))
    if prometheus:
        typer.echo(_exposition(totals), nl=False)
    elif as_json:
        print_json({"totals": totals, "runs": runs})
    else:
        table(
            COLUMNS,
            [
                (
                    each["run"],
                    each["status"],
                    f"{each['documents']:,}",
                    f"{each['unchanged']:,}",
                    f"{each['failed']:,}",
                    "–" if each["seconds"] is None else f"{each['seconds']:.1f}",
                    "–" if each["per_second"] is None else f"{each['per_second']:.1f}",
                    f"{each['calls']:,}",
                    money(each["cost_usd"]),
                )
                for each in runs
            ],
        )
        rows = [(name.replace("_", " "), f"{value:,}") for name, value in totals.items()]
        table(("in all", "how much"), rows)


async def _measured(opened: RunStore) -> tuple[list[dict[str, Any]], dict[str, float]]:
    async with opened as store:
        stats = await store.stats()
        paid = {row.name: row for row in await store.costs("run")}
        runs = []
        for each in await store.runs.list(limit=RUNS):
            seconds = None if each.finished is None else round(each.finished - each.started, 3)
            done = each.counts.get("done", 0)
            row = paid.get(each.id)
            runs.append(
                {
                    "run": each.id,
                    "status": each.status,
                    "documents": sum(each.counts.values()),
                    **{name: each.counts.get(name, 0) for name in ("done", "unchanged", "failed")},
                    "seconds": seconds,
                    "per_second": round(done / seconds, 3) if seconds else None,
                    "calls": row.calls if row else 0,
                    "cost_usd": row.cost_usd if row else 0.0,
                }
            )
    totals: dict[str, float] = {
        "runs": stats.runs,
        "documents_done": stats.done,
        "documents_failed": stats.failed,
        "articles": stats.articles,
        "model_calls": stats.calls,
        "cost_usd": round(stats.cost_usd, 6),
        "bytes_sent": stats.bytes_sent,
        "cache_entries": stats.cache.disk_entries,
        "cache_bytes": stats.cache.disk_bytes,
        "store_bytes": stats.bytes,
    }
    return runs, totals


def _exposition(totals: dict[str, float]) -> str:
    lines = []
    for name, value in totals.items():
        lines += [f"# TYPE catalyst_{name} gauge", f"catalyst_{name} {value:g}"]
    return "\n".join(lines) + "\n"
