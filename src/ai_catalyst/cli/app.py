"""``catalyst app pdf``: the app for people who like a browser better than a command line."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["app", "options"]

app = typer.Typer(help="Apps for the browser.", no_args_is_help=True)

MOST_UPLOAD_MB = 256
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@app.callback()
def _group() -> None:
    """Apps for the browser."""


@app.command()
def pdf(
    host: Annotated[str, typer.Option("--host", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65_535, help="The port.")] = 8501,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open a browser at once.")
    ] = False,
) -> None:
    """Upload PDFs, choose fields, mend values beside their page, download a table."""
    from ai_catalyst.errors import UserError

    if find_spec("streamlit") is None:
        raise UserError("the app needs the extra `pdf-app`: pip install '.[pdf-app]'")
    _check_free(host, port)
    if host not in LOOPBACK:
        typer.echo(
            f"catalyst: the app has no passwords: everybody who reaches {host} can use it and see "
            "every document",
            err=True,
        )
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"PDF fields: http://{shown}:{port}  (stop it with Ctrl-C)", err=True)
    _serve(options(host, port, open_browser=open_browser))


def options(host: str, port: int, *, open_browser: bool = False) -> dict[str, Any]:
    """Return Streamlit's options: no telemetry, nothing watched, nothing that asks or phones."""
    return {
        "server_address": host,
        "server_port": port,
        "server_headless": not open_browser,
        "server_fileWatcherType": "none",
        "server_maxUploadSize": MOST_UPLOAD_MB,
        "server_showEmailPrompt": False,
        "browser_gatherUsageStats": False,
        "client_toolbarMode": "minimal",
        "client_showErrorDetails": "none",
        "global_developmentMode": False,
        "logger_hideWelcomeMessage": True,
        "logger_level": "warning",
        "runner_magicEnabled": False,
        "theme_light_primaryColor": "#0b5fa5",
        "theme_dark_primaryColor": "#2b78b8",
    }


def _check_free(host: str, port: int) -> None:
    import socket

    from ai_catalyst.errors import UserError

    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise UserError(
            f"the app cannot listen at {host}, port {port} ({error.strerror or error}): "
            "choose another with --port"
        ) from error


def _serve(flags: dict[str, Any]) -> None:
    """Run the server until it is stopped."""
    from streamlit.web import bootstrap

    script = str(Path(__file__).with_name("app_pdf.py"))
    bootstrap.load_config_options(flags)
    bootstrap.run(script, False, [], flags)
