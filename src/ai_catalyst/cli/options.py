"""Options that ``run`` and ``watch`` share, and the settings that they make."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from ai_catalyst.settings import Settings

__all__ = [
    "AllowHostOption",
    "AsyncOption",
    "ConcurrencyOption",
    "FollowLinksOption",
    "ForceConcurrencyOption",
    "LimitOption",
    "ModelOption",
    "OutputOption",
    "settings_of",
]

MOST_WITHOUT_FORCE = 10

LimitOption = Annotated[int | None, typer.Option(min=1, help="At most this many documents.")]
ConcurrencyOption = Annotated[int | None, typer.Option(min=1, help="Documents at once.")]
ForceConcurrencyOption = Annotated[
    bool, typer.Option("--force-concurrency", help="Allow more than 10 at once.")
]
AsyncOption = Annotated[
    bool | None, typer.Option("--async/--sync", help="Many at once, or one after the other.")
]
OutputOption = Annotated[Path | None, typer.Option(help="Folder of the reports.")]
FollowLinksOption = Annotated[
    bool,
    typer.Option(
        "--follow-links/--no-follow-links", help="Read up to three pages that an article links to."
    ),
]
ModelOption = Annotated[
    str | None, typer.Option(help="A model's name, or none for no model at all.")
]
AllowHostOption = Annotated[list[str] | None, typer.Option(help="A private host that may be read.")]


def settings_of(
    config: Path | None,
    *,
    concurrency: int | None,
    force_concurrency: bool,
    asynchronous: bool | None,
    output: Path | None,
    model: str | None,
    allow_host: list[str] | None,
    database: str | None = None,
) -> Settings:
    """Return the settings with these options over them.

    Raises `UserError` for more documents at once than hosts may like, unless that is forced.
    """
    from ai_catalyst.settings import load_settings

    settings, _ = load_settings(
        {
            "async.max_concurrent": concurrency,
            "async.enabled": asynchronous,
            "output": str(output) if output else None,
            "model": model,
            "allow_hosts": allow_host or None,
            "database.url": database,
        },
        config=config,
    )
    if settings.async_.max_concurrent > MOST_WITHOUT_FORCE and not force_concurrency:
        raise UserError(
            f"{settings.async_.max_concurrent} documents at once can get you blocked by hosts; "
            f"--force-concurrency allows more than {MOST_WITHOUT_FORCE}"
        )
    return settings
