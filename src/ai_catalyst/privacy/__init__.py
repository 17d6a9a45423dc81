"""Personal data is found, replaced, and put back: `Scrubber` and `Vault`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.privacy.finding import Finding, Scrubbed, counts_by_kind
    from ai_catalyst.privacy.scrubber import Scrubber
    from ai_catalyst.privacy.stream import StreamRestorer
    from ai_catalyst.privacy.vault import Vault

__all__ = ["Finding", "Scrubbed", "Scrubber", "StreamRestorer", "Vault", "counts_by_kind"]

_HOMES = {
    "Finding": "finding",
    "Scrubbed": "finding",
    "Scrubber": "scrubber",
    "StreamRestorer": "stream",
    "Vault": "vault",
    "counts_by_kind": "finding",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
