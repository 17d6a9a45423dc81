"""``catalyst cache``: what is remembered so that it need not be fetched or paid again."""

from __future__ import annotations

from typing import Annotated

import typer

from ai_catalyst.cli.config import JsonOption
from ai_catalyst.cli.terminal import print_json, size, table

__all__ = ["app"]

app = typer.Typer(help="What is remembered, so that it need not be fetched or paid again.")


@app.command()
def stats(as_json: JsonOption = False) -> None:
    """Show how much is remembered, by kind."""
    import asyncio

    import msgspec

    from ai_catalyst.cli.stores import open_file_store
    from ai_catalyst.store import CacheStats

    async def look() -> CacheStats:
        async with open_file_store() as store:
            return await store.cache.stats()

    figures = asyncio.run(look())
    if as_json:
        print_json(msgspec.to_builtins(figures))
        return
    rows = [(name, str(value)) for name, value in msgspec.to_builtins(figures).items()]
    table(("what", "how much"), rows)


@app.command()
def clear(
    kind: Annotated[str | None, typer.Argument(help="Only this kind; all when left out.")] = None,
) -> None:
    """Forget what is remembered; results of runs stay."""
    import asyncio

    from ai_catalyst.cli.stores import open_file_store
    from ai_catalyst.errors import UserError
    from ai_catalyst.store.cache import TTL_S

    async def forget() -> tuple[int, int]:
        async with open_file_store() as store:
            known = {*TTL_S, *(await store.cache.stats()).kinds}
            if kind is not None and kind not in known:
                raise UserError(f"nothing of kind {kind!r} is kept: {', '.join(sorted(known))}")
            before = (await store.stats()).bytes
            await store.cache.clear(kind)
            return before, (await store.stats()).bytes

    before, after = asyncio.run(forget())
    typer.echo(f"cleared; the store had {size(before)} and has {size(after)}")
