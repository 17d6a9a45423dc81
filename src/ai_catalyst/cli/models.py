"""``catalyst endpoints``, ``costs`` and ``egress``: who is asked, what it costs, what has left."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ai_catalyst.cli.config import ConfigOption, JsonOption
from ai_catalyst.cli.stores import DatabaseOption, open_stores, settings_with
from ai_catalyst.cli.terminal import count, moment, money, print_json, size, table

if TYPE_CHECKING:
    from ai_catalyst.settings import Settings
    from ai_catalyst.store import CostSum

__all__ = ["costs", "egress", "endpoints", "provider"]

SinceOption = Annotated[
    str | None, typer.Option("--since", help="Only what is younger, such as 7d.")
]
RunOption = Annotated[str | None, typer.Option("--run", help="Only this run.")]


def provider(settings: Settings, store: Any = None) -> Any:
    """Return the models that the settings name, or those that can be found."""
    from ai_catalyst.llm.configured import provider_of

    return provider_of(settings, store)


def endpoints(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """Show the models that would be asked, and how each one is."""
    import asyncio

    from ai_catalyst.cli.exits import ALL_DONE, NO_ENDPOINT
    from ai_catalyst.settings import load_settings

    settings, _ = load_settings(config=config)

    async def look() -> list[dict[str, Any]]:
        async with provider(settings) as llm:
            await llm.endpoints_async()
            return [asdict(health) for health in (await llm.health_async()).values()]

    found = asyncio.run(look())
    if as_json:
        print_json(found)
    elif not found:
        typer.echo("no model is configured, and none answers on this machine's usual ports")
        typer.echo("start Ollama, set CATALYST_LOCAL_URL, or set a provider's key:")
        typer.echo("docs/how-to/models.md has an example of each")
    else:
        table(
            ("endpoint", "tier", "model", "raw text", "answers", "breaker", "in flight", "address"),
            [_health_row(health) for health in found],
        )
    return ALL_DONE if any(health["reachable"] for health in found) else NO_ENDPOINT


def _health_row(health: dict[str, Any]) -> tuple[str, ...]:
    answers = f"in {health['latency_s'] * 1000:.0f} ms" if health["reachable"] else "no"
    return (
        health["name"],
        health["tier"],
        health["model"] or "–",
        "allowed" if health["private"] else "never",
        answers,
        health["breaker"],
        f"{health['in_flight']} of {health['limit']}",
        health["url"],
    )


def costs(
    by: Annotated[str, typer.Option("--by", help="day, run, endpoint or model.")] = "day",
    run: RunOption = None,
    since: SinceOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what models were paid."""
    import asyncio
    import time
    from contextlib import AsyncExitStack
    from typing import cast

    import msgspec

    from ai_catalyst.cli.state import age
    from ai_catalyst.errors import UserError

    if by not in {"day", "run", "endpoint", "model"}:
        raise UserError(f"--by {by!r} must be day, run, endpoint or model")
    after = None if since is None else time.time() - age(since, "--since")
    chosen = cast(Literal["day", "run", "endpoint", "model"], by)

    async def look() -> list[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            stores = await open_stores(stack, settings_with(database))
            sums = [await store.costs(chosen, run=run, since=after) for store in stores]
        return [dict(msgspec.to_builtins(row)) for row in _added(sums)]

    rows = asyncio.run(look())
    if as_json:
        print_json(rows)
        return
    table(
        (by, "calls", "prompt tokens", "answer tokens", "cost"),
        [
            (
                row["name"],
                f"{row['calls']:,}",
                f"{row['prompt_tokens']:,}",
                f"{row['completion_tokens']:,}",
                money(row["cost_usd"]),
            )
            for row in rows
        ],
    )
    total = sum(row["cost_usd"] for row in rows)
    typer.echo(f"{count(sum(row['calls'] for row in rows), 'call')}, {money(total)} in all")


def _added(sums: list[list[CostSum]]) -> list[CostSum]:
    """Return the sums of several books as one, by name."""
    from ai_catalyst.store import CostSum

    total: dict[str, CostSum] = {}
    for row in (row for book in sums for row in book):
        other = total.get(row.name)
        if other is None:
            total[row.name] = row
            continue
        total[row.name] = CostSum(
            row.name,
            row.calls + other.calls,
            row.prompt_tokens + other.prompt_tokens,
            row.completion_tokens + other.completion_tokens,
            row.cost_usd + other.cost_usd,
        )
    return [total[name] for name in sorted(total)]


def egress(
    run: RunOption = None,
    since: SinceOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what has left this machine for models: when, where to, how much; never the text."""
    import asyncio
    import time
    from contextlib import AsyncExitStack

    import msgspec

    from ai_catalyst.cli.state import age

    after = None if since is None else time.time() - age(since, "--since")

    async def look() -> list[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            stores = await open_stores(stack, settings_with(database))
            rows = [row for each in stores async for row in each.egress(run=run, since=after)]
        rows.sort(key=lambda row: row.at)
        return [dict(msgspec.to_builtins(row)) for row in rows]

    found = asyncio.run(look())
    if as_json:
        print_json(found)
        return
    table(
        ("when", "endpoint", "host", "bytes", "replaced before it left", "run"),
        [
            (
                moment(row["at"]),
                row["endpoint"],
                row["host"],
                f"{row['bytes']:,}",
                ", ".join(f"{number} {kind}" for kind, number in row["findings"].items()),
                row["run"],
            )
            for row in found
        ],
    )
    sent = size(sum(row["bytes"] for row in found))
    typer.echo(f"{count(len(found), 'request')}, {sent} in all")
