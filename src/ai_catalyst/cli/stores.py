"""The store as the settings want it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from ai_catalyst.settings import Settings
    from ai_catalyst.store import RunStore, Store

__all__ = [
    "DatabaseOption",
    "database_url",
    "open_file_store",
    "open_store",
    "open_stores",
    "settings_with",
]

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="PostgreSQL that many machines share, as in DATABASE_URL.",
        show_default=False,
    ),
]


def database_url(given: str | None) -> str | None:
    """Return the URL that ``--database`` gave; raises `UserError` for what cannot be shared."""
    from ai_catalyst.errors import UserError
    from ai_catalyst.store import is_shared

    if given is None or is_shared(given):
        return given
    raise UserError(
        "--database names what many machines share: postgresql+asyncpg://user:password@host/name; "
        "without it a file in the state folder is used, and CATALYST_HOME says where that is"
    )


def settings_with(database: str | None, config: Path | None = None) -> Settings:
    """Return the settings in force, with the database that a flag named."""
    from ai_catalyst.settings import load_settings

    flags = {"database.url": database_url(database)}
    return load_settings(flags, config=config)[0]  # catalyst: blocking(nothing else runs yet)


def open_store(settings: Settings | None = None) -> RunStore:
    """Return the store of runs: the database when it is PostgreSQL, else the state folder's file.

    None reads the settings in force.
    """
    from ai_catalyst.store.configured import file_store_of, shared_store_of, shared_url

    settings = settings or settings_with(None)
    return file_store_of(settings) if shared_url(settings) is None else shared_store_of(settings)


def open_file_store(settings: Settings | None = None) -> Store:
    """Return the store of the state folder, whatever the database; None reads the settings."""
    from ai_catalyst.store.configured import file_store_of

    return file_store_of(settings or settings_with(None))


async def open_stores(stack: AsyncExitStack, settings: Settings) -> list[RunStore]:
    """Return every store with books of this machine: the shared one, and the state folder's."""
    from ai_catalyst.store.configured import shared_url

    stores: list[RunStore] = [open_file_store(settings)]
    if shared_url(settings) is not None:
        stores.insert(0, open_store(settings))
    return [await stack.enter_async_context(store) for store in stores]
