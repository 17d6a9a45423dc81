"""Models: endpoints in three tiers, failover, limits, budget, and the gate before those outside."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.llm.completion import Attempt, Completion, ToolCall, Usage
    from ai_catalyst.llm.endpoints import Endpoint
    from ai_catalyst.llm.provider import LLMProvider

__all__ = ["Attempt", "Completion", "Endpoint", "LLMProvider", "ToolCall", "Usage"]

_HOME_OF = {
    "Attempt": "completion",
    "Completion": "completion",
    "Endpoint": "endpoints",
    "LLMProvider": "provider",
    "ToolCall": "completion",
    "Usage": "completion",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
