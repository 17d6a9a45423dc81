"""``catalyst config``: what is in force, and where each value comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ai_catalyst.cli.terminal import print_json, table

__all__ = ["config"]

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A YAML settings file.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY")


def config(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print the settings in force and where each one comes from."""
    from ai_catalyst.settings import load_settings

    settings, origins = load_settings(config=config)
    values = settings.model_dump(by_alias=True, mode="json")
    rows = [(key, _shown(key, value), origins.get(key, "default")) for key, value in _flat(values)]
    rows += [(name, "set" if os.environ.get(name) else "not set", "environment") for name in KEYS]
    if as_json:
        entries = {key: {"value": value, "from": origin} for key, value, origin in rows}
        print_json(entries)
        return
    table(("setting", "value", "from"), [(k, _text(v), origin) for k, v, origin in rows])


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _shown(key: str, value: Any) -> Any:
    if key == "endpoints":
        return [{k: v for k, v in endpoint.items() if v is not None} for endpoint in value]
    return value


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(item["name"] if isinstance(item, dict) else str(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
