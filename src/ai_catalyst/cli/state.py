"""``catalyst stats`` and ``catalyst forget``: what is kept, and how to erase it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ai_catalyst.cli.config import JsonOption
from ai_catalyst.cli.stores import DatabaseOption, open_store, settings_with
from ai_catalyst.cli.terminal import print_json, table

if TYPE_CHECKING:
    from ai_catalyst.store import RunStore

__all__ = ["age", "forget", "stats"]

_AGE = re.compile(r"(\d+)\s*([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def stats(database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Show what the state folder or the database holds, and the last runs."""
    import asyncio

    figures, runs = asyncio.run(_look(open_store(settings_with(database))))
    if as_json:
        print_json({**figures, "runs": runs})
        return
    table(("what", "how much"), [(name, str(value)) for name, value in _flat(figures)])
    if runs:
        table(
            ("run", "status", "done", "unchanged", "failed", "sources"),
            [
                (
                    run["id"],
                    run["status"],
                    *(str(run["counts"].get(k, 0)) for k in ("done", "unchanged", "failed")),
                    run["command"],
                )
                for run in runs
            ],
        )


async def _look(opened: RunStore) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    import msgspec

    async with opened as store:
        figures = msgspec.to_builtins(await store.stats())
        runs = [msgspec.to_builtins(run) for run in await store.runs.list(limit=10)]
    return figures, runs


def _flat(figures: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in figures.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{name} ")
        else:
            rows.append((f"{prefix}{name}".replace("_", " "), value))
    return rows


def forget(
    what: Annotated[
        str | None, typer.Argument(help="A document's URI, a folder/, or a run's id.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", help="Everything older, such as 90d.")
    ] = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a document, or a run, and all that came of it."""
    import asyncio

    from ai_catalyst.errors import UserError

    if (what is None) == (older_than is None):
        raise UserError("name a document, a folder/ or a run, or give --older-than 90d")
    store = open_store(settings_with(database))
    forgotten = asyncio.run(_erase(store, what, None if older_than is None else age(older_than)))
    if as_json:
        print_json(forgotten)
    else:
        rows = ", ".join(f"{number} {name}" for name, number in forgotten.items() if number)
        typer.echo(f"erased: {rows}" if rows else "nothing of that is kept here")


def age(text: str, flag: str = "--older-than") -> float:
    """Return the seconds that ``90d``, ``12h`` or ``4w`` mean."""
    from ai_catalyst.errors import UserError

    match = _AGE.fullmatch(text.strip().lower())
    if match is None:
        raise UserError(f"{flag} {text!r} must be a number and a unit: 90d, 12h, 4w")
    return int(match[1]) * float(_SECONDS[match[2]])


async def _erase(opened: RunStore, what: str | None, older_than_s: float | None) -> dict[str, int]:
    import asyncio
    import time

    import msgspec

    from ai_catalyst.pdf.job_folder import forget_uploads

    before = None if older_than_s is None else time.time() - older_than_s
    async with opened as store:
        uploads = await asyncio.to_thread(forget_uploads, what, before)  # the PDF app's copies
        forgotten = await store.forget(what, older_than_s=older_than_s)
    return {**msgspec.to_builtins(forgotten), **({"uploads": uploads} if uploads else {})}
