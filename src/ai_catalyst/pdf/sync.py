"""The sync forms: `PDFProcessor`, the twin, and `BatchProcessor`, one dict a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ai_catalyst.engine.bridge import run_sync, twin
from ai_catalyst.pdf.batch import AsyncBatchProcessor
from ai_catalyst.pdf.result import BatchResult
from ai_catalyst.pdf.source import name_of

__all__ = ["BatchProcessor", "PDFProcessor", "as_dict"]


class PDFProcessor:
    """The sync twin of `AsyncPDFProcessor`, with the same arguments."""

    def __init__(self, repository: Any = None, **options: Any) -> None:
        """Make the asynchronous one."""
        from ai_catalyst.pdf.processor import AsyncPDFProcessor

        self.asynchronous = AsyncPDFProcessor(repository, **options)

    async def _process_file(
        self, file: Any, extractor: Any = None, fields: Any = None, method: str = "classic"
    ) -> BatchResult:
        """Return the result of one file; see `AsyncPDFProcessor.process_file`."""
        return await self.asynchronous.process_file(file, extractor, fields, method)

    process_file = twin(_process_file)


class BatchProcessor:
    """Processes files one after another, in their order; the sync original.

    ``pdf_processor`` is an `AsyncPDFProcessor`, its twin, or any object with ``process_file``.
    """

    def __init__(self, pdf_processor: Any) -> None:
        """Take the processor."""
        self.pdf_processor = pdf_processor

    def process_batch(
        self,
        files: Iterable[Any],
        extractor: Any = None,
        fields: Any = None,
        method: str = "classic",
    ) -> list[dict[str, Any]]:
        """Return one dict a file: ``{"file", "result", "db_id"}``, or ``{"file", "error"}``.

        Raises `UserError` for a method or fields that cannot be.
        """
        files = list(files)
        processor = getattr(self.pdf_processor, "asynchronous", self.pdf_processor)
        batch = AsyncBatchProcessor(processor, 1)
        results = run_sync(batch.process_batch(files, extractor, fields, method))
        return [as_dict(file, result) for file, result in zip(files, results, strict=True)]


def as_dict(file: Any, result: BatchResult) -> dict[str, Any]:
    """Return a result as the sync original gave it: ``file`` is the name, ``result`` the data."""
    name = name_of(file)
    if not result.success:
        return {"file": name, "error": result.error or result.outcome}
    return {"file": name, "result": result.data, "db_id": result.db_id}
