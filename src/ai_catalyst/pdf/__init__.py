"""PDF batches: every file gets an answer, none stops the batch, every value shows its place."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.engine.events import ProgressCallback, ProgressEvent, ProgressEventType
    from ai_catalyst.pdf.ai import AIExtractor
    from ai_catalyst.pdf.batch import AsyncBatchProcessor
    from ai_catalyst.pdf.classic import ClassicExtractor
    from ai_catalyst.pdf.model import (
        DataExtractor,
        Evidence,
        Extraction,
        PageExtractor,
        PageText,
        Word,
    )
    from ai_catalyst.pdf.processor import AsyncPDFProcessor
    from ai_catalyst.pdf.repository import ExtractionRepository
    from ai_catalyst.pdf.result import BatchResult
    from ai_catalyst.pdf.schema import Field, Schema
    from ai_catalyst.pdf.streamlit_batch import StreamlitBatchProcessor
    from ai_catalyst.pdf.sync import BatchProcessor, PDFProcessor
    from ai_catalyst.pdf.text_extractor import TextExtractor
    from ai_catalyst.pdf.validator import PDFValidator

__all__ = [
    "AIExtractor",
    "AsyncBatchProcessor",
    "AsyncPDFProcessor",
    "BatchProcessor",
    "BatchResult",
    "ClassicExtractor",
    "DataExtractor",
    "Evidence",
    "Extraction",
    "ExtractionRepository",
    "Field",
    "PDFProcessor",
    "PDFValidator",
    "PageExtractor",
    "PageText",
    "ProgressCallback",
    "ProgressEvent",
    "ProgressEventType",
    "Schema",
    "StreamlitBatchProcessor",
    "TextExtractor",
    "Word",
]

_HOMES = {
    "ai_catalyst.engine.events": ("ProgressCallback", "ProgressEvent", "ProgressEventType"),
    "ai_catalyst.pdf.ai": ("AIExtractor",),
    "ai_catalyst.pdf.batch": ("AsyncBatchProcessor",),
    "ai_catalyst.pdf.classic": ("ClassicExtractor",),
    "ai_catalyst.pdf.model": (
        "DataExtractor",
        "Evidence",
        "Extraction",
        "PageExtractor",
        "PageText",
        "Word",
    ),
    "ai_catalyst.pdf.processor": ("AsyncPDFProcessor",),
    "ai_catalyst.pdf.repository": ("ExtractionRepository",),
    "ai_catalyst.pdf.result": ("BatchResult",),
    "ai_catalyst.pdf.schema": ("Field", "Schema"),
    "ai_catalyst.pdf.streamlit_batch": ("StreamlitBatchProcessor",),
    "ai_catalyst.pdf.sync": ("BatchProcessor", "PDFProcessor"),
    "ai_catalyst.pdf.text_extractor": ("TextExtractor",),
    "ai_catalyst.pdf.validator": ("PDFValidator",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
