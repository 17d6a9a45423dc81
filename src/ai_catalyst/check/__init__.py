"""Checks for code that must not block: the call checker, its catalogue, and the pytest plugin."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.check.catalogue import Catalogue, load_catalogue
    from ai_catalyst.check.finding import Finding, Place
    from ai_catalyst.check.project import Checked, check_paths
    from ai_catalyst.check.stack_advice import explain

__all__ = [
    "Catalogue",
    "Checked",
    "Finding",
    "Place",
    "check_paths",
    "explain",
    "load_catalogue",
]

_HOMES = {
    "Catalogue": "catalogue",
    "Checked": "project",
    "Finding": "finding",
    "Place": "finding",
    "check_paths": "project",
    "explain": "stack_advice",
    "load_catalogue": "catalogue",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
