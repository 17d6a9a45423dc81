"""``catalyst cluster``: whether the machines that are to share a run are fit for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ai_catalyst.cli.config import ConfigOption, JsonOption
from ai_catalyst.cli.exits import ALL_DONE, SOME_FAILED
from ai_catalyst.cli.stores import DatabaseOption, settings_with
from ai_catalyst.cli.terminal import print_json, safe_line, table

if TYPE_CHECKING:
    from ai_catalyst.cluster.doctor import Examined
    from ai_catalyst.settings import Settings

__all__ = ["AddressOption", "app"]

AddressOption = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="A Ray cluster that runs; else one of our own."),
]

app = typer.Typer(help="Many processes and machines that share one run.", no_args_is_help=True)


@app.callback()
def _cluster() -> None:
    """Many processes and machines that share one run."""


@app.command()
def doctor(
    address: AddressOption = None,
    database: DatabaseOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Look at every node: versions, extras, keys, database, Redis, models, clock and disk."""
    import asyncio

    from ai_catalyst.cluster.session import require_extra

    require_extra()
    settings = settings_with(database, config)
    found = asyncio.run(_look(address, settings, config))
    if as_json:
        print_json([_as_json(node) for node in found])
    else:
        _show(found)
    return ALL_DONE if found and all(node.fit for node in found) else SOME_FAILED


async def _look(address: str | None, settings: Settings, config: Path | None) -> list[Examined]:
    from ai_catalyst.cluster.doctor import examine_nodes
    from ai_catalyst.cluster.run import inherited
    from ai_catalyst.cluster.session import session
    from ai_catalyst.settings import find_config

    async with session(
        address, settings=inherited(address, find_config(config, os.environ))
    ) as ray:
        return await examine_nodes(ray, settings)


def _as_json(node: Examined) -> dict[str, Any]:
    findings = {one.what: {"ok": one.ok, "detail": one.detail} for one in node.findings}
    return {
        "node": node.node,
        "address": node.address,
        "fit": node.fit,
        "versions": node.versions,
        "keys": node.keys,
        "findings": findings,
    }


def _show(found: list[Examined]) -> None:
    rows = []
    for node in found:
        versions = ", ".join(f"{name} {told}" for name, told in node.versions.items())
        rows.append((node.node, "·", "address", node.address))
        rows.append(("", "·", "has", versions or "unknown"))
        rows.append(("", "·", "keys", ", ".join(node.keys) or "none is set"))
        rows += [("", "✓" if f.ok else "✗", f.what, safe_line(f.detail)) for f in node.findings]
    table(("node", "", "what", "how it is"), rows)
    unfit = [node.node for node in found if not node.fit]
    if unfit:
        typer.echo(f"not fit: {', '.join(unfit)}")
    else:
        typer.echo(f"{'the node is' if len(found) == 1 else f'all {len(found)} nodes are'} fit")
