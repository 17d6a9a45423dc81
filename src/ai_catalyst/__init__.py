"""AI Catalyst: run AI over private documents. Never block, never leak, never lose."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from ai_catalyst.core import PIIProcessor
    from ai_catalyst.documents.processor import FileProcessor
    from ai_catalyst.engine.bridge import run_sync
    from ai_catalyst.errors import BlockingCallWarning, CatalystError
    from ai_catalyst.llm.provider import LLMProvider
    from ai_catalyst.model import Document, Record

__all__ = [
    "BlockingCallWarning",
    "CatalystError",
    "Document",
    "FileProcessor",
    "LLMProvider",
    "PIIProcessor",
    "Record",
    "__version__",
    "run_sync",
]

_HOMES = {
    "BlockingCallWarning": "errors",
    "CatalystError": "errors",
    "Document": "model",
    "FileProcessor": "documents.processor",
    "LLMProvider": "llm.provider",
    "PIIProcessor": "core",
    "Record": "model",
    "run_sync": "engine.bridge",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its room when it is first asked for: the package stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
