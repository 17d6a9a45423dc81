"""What every worker of a run is told: how to work, never on what.

The addresses of database and Redis go with it, because workers cannot begin without; keys of model
endpoints do not: each node has its own, in its environment or its settings file.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from ai_catalyst.errors import UserError
from ai_catalyst.settings import Settings, load_settings

__all__ = ["Charge", "settings_as_text", "settings_of"]


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """One run as its workers know it; ``options`` is the digest that they must agree on.

    ``model``: models are asked. ``only_of`` is the run whose documents alone are taken, else empty.
    """

    run: str
    settings: str
    options: str
    model: bool = False
    web: bool = False
    refresh: bool = False
    follow_links: bool = True
    only_of: str = ""


def settings_as_text(settings: Settings) -> str:
    """Return settings as they travel: without keys of endpoints, and names of what is read."""
    values = settings.model_dump(by_alias=True, exclude={"feeds", "output"})
    for endpoint in values["endpoints"]:
        endpoint["key"] = None
    return json.dumps(values, default=_plain)


def settings_of(text: str) -> Settings:
    """Return settings as they were sent, with the keys this machine has for their endpoints."""
    values = json.loads(text)
    keys = _own_keys() if values["endpoints"] else {}
    for endpoint in values["endpoints"]:
        endpoint["key"] = keys.get(endpoint["name"])
    return Settings(**values)


def _own_keys() -> dict[str, str]:
    try:
        mine, _ = load_settings()
    except UserError:
        return {}  # the endpoints will say what they miss
    return {one.name: one.key.get_secret_value() for one in mine.endpoints if one.key is not None}


def _plain(value: Any) -> Any:
    """Return what a secret hides: it travels between our own processes only."""
    return value.get_secret_value()
