"""Documents: what is in files, folders, web pages and feeds, as records and as texts."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.documents.processor import FileProcessor

__all__ = ["FileProcessor"]

_LATER = {"FileProcessor": "processor"}


def __getattr__(name: str) -> Any:
    """Import a part when it is first asked for."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
