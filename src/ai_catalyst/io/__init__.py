"""The doors: everything that crosses the machine's border goes through here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.io.files import (
        AtomicWriter,
        append_log_async,
        read_file_async,
        read_files_async,
        write_atomic,
        write_file_async,
    )
    from ai_catalyst.io.http import HttpClient, Response

__all__ = [
    "AtomicWriter",
    "HttpClient",
    "Response",
    "append_log_async",
    "read_file_async",
    "read_files_async",
    "write_atomic",
    "write_file_async",
]

_HOMES = {
    "files": (
        "AtomicWriter",
        "append_log_async",
        "read_file_async",
        "read_files_async",
        "write_atomic",
        "write_file_async",
    ),
    "http": ("HttpClient", "Response"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: aiohttp alone costs half a second."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
