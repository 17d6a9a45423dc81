"""``catalyst video``: a folder of videos into the library, and what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ai_catalyst.cli.config import JsonOption
from ai_catalyst.cli.exits import ALL_DONE, SOME_FAILED
from ai_catalyst.cli.terminal import count, print_json, safe_line, short, table

if TYPE_CHECKING:
    from ai_catalyst.video import Video

__all__ = ["app"]

app = typer.Typer(help="The video library: pictures and words of videos, and their status.")


@app.command()
def ingest(
    folder: Annotated[Path, typer.Argument(help="A folder of videos, with those below it.")],
    output: Annotated[
        Path, typer.Option("--output", help="Where pictures and subtitles are written.")
    ] = Path("output/videos"),
    user: Annotated[str, typer.Option("--user", help="Whose videos they are.")] = "local",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Look again at those that failed.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Take the videos of a folder into the library; what is done is not done again."""
    import asyncio

    from ai_catalyst.video import Ingested, ingest_folder

    async def take() -> list[Ingested]:
        done: list[Ingested] = []
        taken = ingest_folder(folder, user_id=user, output=output, retry_failed=retry_failed)
        async for one in taken:
            done.append(one)
            if not one.again:
                note = safe_line(one.video.error or "", 100)
                typer.echo(f"{one.video.status:<7} {short(one.video.path, 60)}  {note}", err=True)
        return done

    done = asyncio.run(take())
    failed = sum(one.video.status == "failed" for one in done)
    again = sum(one.again for one in done)
    if as_json:
        print_json([{**_plain(one.video), "again": one.again} for one in done])
    else:
        ready = len(done) - failed
        typer.echo(
            f"{count(ready, 'video')} ready, {failed} failed; {again} were there before. "
            f"Pictures and subtitles are in {output}"
        )
    return SOME_FAILED if failed else ALL_DONE


@app.command("list")
def list_(
    status: Annotated[
        str | None, typer.Option("--status", help="uploaded, processing, ready or failed.")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="Only this user's.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the videos of the library, the oldest first."""
    import asyncio

    from ai_catalyst.errors import UserError
    from ai_catalyst.video import list_videos

    try:
        found = asyncio.run(list_videos(status, user))
    except ValueError as error:
        raise UserError(str(error)) from error
    if as_json:
        print_json([_plain(video) for video in found])
        return
    table(
        ("status", "title", "seconds", "size", "path"),
        [
            (
                video.status,
                short(video.title, 30),
                "" if video.duration_s is None else f"{video.duration_s:.1f}",
                f"{video.width}×{video.height}" if video.width else "",
                short(video.path, 50),
            )
            for video in found
        ],
    )


def _plain(video: Video) -> dict[str, Any]:
    """Return the fields as JSON values."""
    return {**video.as_dict(), "created_at": video.created_at.isoformat()}
