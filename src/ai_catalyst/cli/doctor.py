"""``catalyst doctor``: what works here, what is missing, and the command that brings it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import disk_usage, which
from typing import Annotated, Literal

import typer

from ai_catalyst.cli.terminal import print_json, safe_line

__all__ = ["Check", "checks", "doctor"]

Status = Literal["ok", "missing", "broken"]
MARKS = {"ok": "✓", "missing": "·", "broken": "✗"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: ``missing`` is no fault, ``broken`` keeps the core from working."""

    group: str
    name: str
    status: Status
    detail: str
    remedy: str = ""


EXTRAS = (
    ("fast", "re2", "personal data found faster (google-re2)"),
    ("fast", "uvloop", "a faster event loop"),
    ("ner", "pycrfsuite", "names found by a trained model"),
    ("pdf-app", "streamlit", "the PDF app in the browser"),
    ("tables", "pdfplumber", "tables of PDFs"),
    ("embed", "onnxruntime", "search by meaning on this machine"),
    ("serve", "fastapi", "the assistant: API and console"),
    ("postgres", "asyncpg", "PostgreSQL"),
    ("mysql", "asyncmy", "MySQL and MariaDB"),
    ("redis", "redis", "Redis"),
    ("video", "av", "the video library"),
    ("migrate", "libcst", "sync code rewritten to async (`catalyst migrate`)"),
    ("cluster", "ray", "many machines (`catalyst run --engine ray`)"),
)
PROGRAMS = (("tesseract", "text in scanned pages", "apt-get install tesseract-ocr"),)
SERVERS = (
    ("PostgreSQL", 5432, "the I/O toolkit and articles", "DATABASE_URL=postgresql+asyncpg://…"),
    ("MySQL", 3306, "the I/O toolkit", "DATABASE_URL=mysql+asyncmy://…"),
    ("Redis", 6379, "a cache that processes share", "a server on 127.0.0.1:6379"),
)
USUALLY = {11434: "Ollama", 1234: "LM Studio", 8080: "llama.cpp", 8000: "vLLM"}
KEYS = (
    ("OPENAI_API_KEY", "OpenAI models"),
    ("ANTHROPIC_API_KEY", "Anthropic models"),
    ("MISTRAL_API_KEY", "Mistral models"),
)
ENOUGH_DISK = 200 * 2**20


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Say what works here, what is missing, and how to get it."""
    found = list(checks())
    if as_json:
        print_json([asdict(check) for check in found])
    else:
        _show(found)
    return 1 if any(check.status == "broken" for check in found) else 0


def checks() -> Iterator[Check]:
    """Look at everything, one thing after the other; nothing leaves the machine."""
    yield from _core()
    yield from _extras()
    yield from _programs()
    yield from _servers()
    yield from _keys()


def _core() -> Iterator[Check]:
    yield Check("core", "Python", "ok", sys.version.split()[0])
    yield _state_folder()
    free = disk_usage(Path.cwd()).free
    enough: Status = "ok" if free >= ENOUGH_DISK else "broken"
    remedy = "" if enough == "ok" else "free some space, or set CATALYST_HOME to another disk"
    yield Check("core", "disk", enough, f"{free / 2**30:,.1f} GiB free", remedy)
    yield _settings()


def _state_folder() -> Check:
    from ai_catalyst.store import state_dir

    folder = state_dir()
    place = folder if folder.exists() else folder.absolute().parent
    if os.access(place, os.W_OK):
        return Check("core", "state folder", "ok", str(folder))
    return Check(
        "core", "state folder", "broken", f"{folder} cannot be written", "set CATALYST_HOME"
    )


def _settings() -> Check:
    from ai_catalyst.errors import UserError
    from ai_catalyst.settings import find_config, load_settings

    try:
        load_settings()
        path = find_config(None, os.environ)
    except UserError as error:
        return Check("core", "settings", "broken", str(error), "mend it, or see `catalyst config`")
    return Check("core", "settings", "ok", str(path) if path else "defaults; `catalyst init`")


def _extras() -> Iterator[Check]:
    for extra, module, purpose in EXTRAS:
        if find_spec(module) is not None:
            yield Check("extras", module, "ok", purpose)
        else:
            yield Check("extras", module, "missing", purpose, f"pip install '.[{extra}]'")


def _programs() -> Iterator[Check]:
    for program, purpose, remedy in PROGRAMS:
        there = which(program) is not None
        yield Check(
            "programs", program, "ok" if there else "missing", purpose, "" if there else remedy
        )


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return True
    except OSError:
        return False


def _servers() -> Iterator[Check]:
    for name, port, purpose, remedy in SERVERS:
        if _answers(port):
            yield Check("servers", name, "ok", f"{purpose} (127.0.0.1:{port})")
        else:
            yield Check("servers", name, "missing", purpose, remedy)
    from ai_catalyst.llm.discovery import LOCAL_PORTS

    found = next((port for port in LOCAL_PORTS if _answers(port)), None)
    if found is not None:
        what = USUALLY.get(found, "a model")
        yield Check("servers", "local model", "ok", f"{what}? on 127.0.0.1:{found}")
    else:
        yield Check(
            "servers",
            "local model",
            "missing",
            "answers that never leave the machine",
            "start Ollama, or set CATALYST_LOCAL_URL",
        )


def _keys() -> Iterator[Check]:
    for name, purpose in KEYS:
        there = bool(os.environ.get(name))
        yield Check(
            "keys", name, "ok" if there else "missing", purpose, "" if there else f"export {name}=…"
        )


def _show(found: list[Check]) -> None:
    width = max(len(check.name) for check in found)
    group = ""
    for check in found:
        if check.group != group:
            group = check.group
            typer.secho(f"\n{group}", bold=True)
        line = f"  {MARKS[check.status]} {check.name:<{width}}  {safe_line(check.detail)}"
        remedy = f"  →  {safe_line(check.remedy)}" if check.remedy else ""
        colour = {"ok": None, "missing": typer.colors.BRIGHT_BLACK, "broken": typer.colors.RED}
        typer.secho(line + remedy, fg=colour[check.status])
    broken = [check.name for check in found if check.status == "broken"]
    typer.echo()
    if broken:
        typer.secho(f"The core does not work here: {', '.join(broken)}.", fg=typer.colors.RED)
    else:
        typer.echo("The core works here. What is marked · is optional.")
