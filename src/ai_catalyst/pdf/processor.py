"""`AsyncPDFProcessor`: one file in, one `BatchResult` out, whatever the file is."""

from __future__ import annotations

import time
from typing import Any

from ai_catalyst.engine import Breaker, Retry
from ai_catalyst.pdf.result import BatchResult, outcome_of

__all__ = ["AsyncPDFProcessor"]


class AsyncPDFProcessor:
    """Read a PDF, extract fields, keep the result; a failure of the file is a value."""

    def __init__(
        self,
        repository: Any = None,
        *,
        validator: Any = None,
        text_extractor: Any = None,
        retry: Retry | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        """Take the parts; None is our own."""
        from ai_catalyst.pdf.text_extractor import TextExtractor

        self.repository = repository
        self.validator = validator
        self.text_extractor = text_extractor or TextExtractor()
        self.retry = retry or Retry()
        self.breaker = breaker

    async def process_file(
        self, file: Any, extractor: Any = None, fields: Any = None, method: str = "classic"
    ) -> BatchResult:
        """Return the result of one file: a path, ``(name, bytes)`` or an object with ``read``."""
        start = time.perf_counter()
        result = BatchResult(str(getattr(file, "name", file)), method=method)
        try:
            pages = await self.text_extractor.pages_async(file)
            result.pages = len(pages)
            found = await extractor.extract_pages(pages, fields)
            result.data, result.evidence, result.success = found.data, found.evidence, True
        except Exception as error:  # noqa: BLE001 - a failure of the file is a value
            result.error, result.outcome = str(error), outcome_of(error)
        result.seconds = time.perf_counter() - start
        return result
