"""``catalyst serve`` and ``catalyst knowledge``: the assistant's service, and its shelf."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ai_catalyst.cli.config import ConfigOption, JsonOption
from ai_catalyst.cli.exits import ALL_DONE, SOME_FAILED
from ai_catalyst.cli.terminal import count, print_json, safe_line
from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from ai_catalyst.assistant.config import ServiceConfig

__all__ = ["app", "serve"]

app = typer.Typer(help="The assistant's knowledge base: documents that every account may read.")

_GOODBYE_S = 4
_PARTS = ("fastapi", "uvicorn", "argon2", "jwt", "jinja2", "multipart", "prometheus_client")


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port.")] = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes.")] = 1,
    reload: Annotated[
        bool, typer.Option("--reload", help="Start again when the code changes (development).")
    ] = False,
    config: ConfigOption = None,
) -> int:
    """Run the assistant: an API and a console in the browser."""
    _need_extra()
    import asyncio
    import tempfile
    from functools import partial

    import uvicorn

    from ai_catalyst.assistant.connection import Connection

    if config is not None:
        os.environ["CATALYST_CONFIG"] = str(config.absolute())
    _need_place(host, port)
    os.environ["CATALYST_WORKERS"] = str(workers)
    os.environ["CATALYST_SERVED"] = "1"  # workers need not say what is said here
    with tempfile.TemporaryDirectory(prefix="catalyst-metrics-") as folder:
        if workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        settings, secret = asyncio.run(_prepare())
        address = f"http://{host if ':' not in host else f'[{host}]'}:{port}"
        _say(f"the assistant listens on {address} (stop it with Ctrl-C)")
        if secret is not None:
            _say(f"the first administrator signs up once, within a day, at {address}/setup")
            _say(f"  {address}/setup?invitation={secret}")
        uvicorn.run(
            "ai_catalyst.assistant:app",
            host=host,
            port=port,
            workers=workers,
            reload=reload,
            http=partial(Connection, silence_s=settings.silence_s),  # type: ignore[arg-type]
            log_config=None,
            log_level=settings.settings.log_level.lower(),
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,  # our own layer believes named proxies only
            timeout_graceful_shutdown=_GOODBYE_S,
        )
    return ALL_DONE


async def _prepare() -> tuple[ServiceConfig, str | None]:
    """Make tables and shelf before any worker starts; returns settings and first invitation."""
    from ai_catalyst.assistant.config import ServiceConfig
    from ai_catalyst.assistant.service import Service

    config = ServiceConfig.load()
    service = Service(config, os.environ)  # catalyst: blocking(nothing is served yet)
    try:
        await service.prepare()
        return config, await service.first_link()
    finally:
        await service.close()


@app.command("load")
def load(
    folder: Annotated[Path, typer.Argument(help="A folder of documents, or one document.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Put documents on the shelf that every account reads; what is there already stays."""
    _need_extra()
    import asyncio

    from ai_catalyst.assistant.config import ServiceConfig

    if config is not None:
        os.environ["CATALYST_CONFIG"] = str(config.absolute())
    if not folder.exists():
        raise UserError(f"there is no folder {str(folder)!r}: name one with documents in it")
    added, kept, bad = asyncio.run(_load(ServiceConfig.load(), folder.absolute()))
    if as_json:
        print_json({"added": added, "kept": kept, "failed": dict(bad)})
    else:
        typer.echo(f"{count(added, 'document')} put on the shelf, {kept} were there already")
        for name, reason in bad:
            typer.echo(f"not read: {safe_line(name)}: {safe_line(reason)}", err=True)
    return SOME_FAILED if bad else ALL_DONE


async def _load(config: ServiceConfig, folder: Path) -> tuple[int, int, list[tuple[str, str]]]:
    from ai_catalyst.assistant.documents.service import THERE
    from ai_catalyst.assistant.service import Service

    service = Service(config, os.environ)  # catalyst: blocking(nothing else runs yet)
    added = kept = 0
    bad: list[tuple[str, str]] = []
    try:
        async for name, reason in service.library.load(folder):
            if reason is None:
                added += 1
            elif reason == THERE:
                kept += 1
            else:
                bad.append((name, reason))
    finally:
        await service.close()
    return added, kept, bad


def _need_place(host: str, port: int) -> None:
    """Raise `UserError` where nobody can listen, before anything is said or made."""
    import socket

    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = places[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise UserError(
            f"cannot listen on {host} port {port} ({error.strerror or error}): "
            "choose another with --host or --port"
        ) from error


def _need_extra() -> None:
    missing = [name for name in _PARTS if find_spec(name) is None]
    if missing:
        raise UserError(
            f"the assistant needs the extra `serve` ({', '.join(missing)} not installed): "
            "pip install '.[serve]'"
        )


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
