"""Documents: what is in files, folders, web pages and feeds, as records and as texts."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.documents.locating import Locator, expand
    from ai_catalyst.documents.processor import FileProcessor
    from ai_catalyst.documents.prose import BadSource
    from ai_catalyst.documents.readers.registry import Reader
    from ai_catalyst.documents.sources import stream_documents

__all__ = ["BadSource", "FileProcessor", "Locator", "Reader", "expand", "stream_documents"]

_LATER = {
    "BadSource": "prose",
    "FileProcessor": "processor",
    "Locator": "locating",
    "Reader": "readers.registry",
    "expand": "locating",
    "stream_documents": "sources",
}


def __getattr__(name: str) -> Any:
    """Import a part when it is first asked for."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
