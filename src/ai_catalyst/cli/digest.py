"""``catalyst digest``: the last days' articles by topic, on stdout or in a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ai_catalyst.cli.config import ConfigOption, JsonOption

if TYPE_CHECKING:
    from ai_catalyst.articles.digest import Digest
    from ai_catalyst.settings import Settings

__all__ = ["digest"]

SUFFIXES = {".html": "html", ".htm": "html", ".json": "json"}
FORMATS = ("md", "html", "json")


def digest(
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How far back.")] = 7,
    output: Annotated[
        Path | None, typer.Option("--output", help="A file to write; stdout when left out.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help="md, html or json; as the file is called when left out."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the articles saved in the last days say, by topic, with their sources."""
    import asyncio

    from ai_catalyst.articles.digest_forms import EMPTY, FORMS
    from ai_catalyst.errors import UserError
    from ai_catalyst.io.files import write_atomic
    from ai_catalyst.settings import load_settings

    usual = SUFFIXES.get(output.suffix.lower(), "md") if output else "md"
    wanted = "json" if as_json else form or usual
    if wanted not in FORMATS:
        raise UserError(f"--format {wanted!r} is not known: md, html or json")
    settings, _ = load_settings(config=config)
    made = asyncio.run(_made(settings, days))
    text = FORMS[wanted](made)
    if output is None:
        sys.stdout.write(text)
    else:
        write_atomic(output, text)
        typer.echo(str(output))
    if not made.articles and (output is not None or wanted == "json"):  # else it was just read
        typer.echo(f"catalyst: {EMPTY}", err=True)


async def _made(settings: Settings, days: int) -> Digest:
    import time

    from ai_catalyst.articles.digest import read_digest
    from ai_catalyst.store import DatabaseManager

    url = settings.database.url
    place = url.get_secret_value() if url is not None else None
    async with DatabaseManager(place, pool_size=1) as database:
        return await read_digest(database, days=days, now=time.time())
