"""`AsyncBatchProcessor`: many files at once, and exactly one result for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from ai_catalyst.engine import Batch, ProgressCallback
from ai_catalyst.pdf.result import BatchResult, outcome_of

__all__ = ["AsyncBatchProcessor"]

OnPage = Callable[[str, int, int], Any]


class AsyncBatchProcessor:
    """Process many files; ``pdf_processor`` is any object with ``process_file``."""

    def __init__(
        self,
        pdf_processor: Any,
        max_concurrent: int | str = 5,
        progress_callback: ProgressCallback | None = None,
        *,
        on_page: OnPage | None = None,
        priority: Callable[[Any], int] | None = None,
    ) -> None:
        """Take the processor and the terms."""
        self.pdf_processor = pdf_processor
        self.max_concurrent = max_concurrent
        self.progress_callback = progress_callback
        self.on_page = on_page
        self.priority = priority
        self._stats: dict[str, Any] = {"total": 0, "succeeded": 0, "failed": 0, "outcomes": {}}

    async def process_batch(
        self,
        files: Iterable[Any],
        extractor: Any = None,
        fields: Any = None,
        method: str = "classic",
    ) -> list[BatchResult]:
        """Return one result for each file, in their order."""
        numbered = [found async for found in self._stream(files, extractor, fields, method)]
        return [result for _, result in sorted(numbered, key=lambda pair: pair[0])]

    async def stream_batch(
        self,
        files: Iterable[Any],
        extractor: Any = None,
        fields: Any = None,
        method: str = "classic",
    ) -> AsyncIterator[BatchResult]:
        """Yield each result as it is there."""
        async for _, result in self._stream(files, extractor, fields, method):
            yield result

    def stats(self) -> dict[str, Any]:
        """Return the counts so far."""
        return dict(self._stats)

    async def _stream(
        self, files: Iterable[Any], extractor: Any, fields: Any, method: str
    ) -> AsyncIterator[tuple[int, BatchResult]]:
        async def work(file: Any) -> BatchResult:
            result: BatchResult = await self.pdf_processor.process_file(
                file, extractor, fields, method
            )
            return result

        limit = self.max_concurrent if isinstance(self.max_concurrent, int) else 8
        async with Batch(
            work, files, limit=limit, on_event=self.progress_callback, priority=self.priority
        ) as batch:
            async for outcome in batch:
                result = outcome.value
                if result is None:
                    error = outcome.error or RuntimeError("no result")
                    result = BatchResult(
                        str(outcome.item), error=str(error), outcome=outcome_of(error)
                    )
                self._stats["total"] += 1
                self._stats["succeeded" if result.success else "failed"] += 1
                yield outcome.index, result
