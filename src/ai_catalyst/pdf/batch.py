"""`AsyncBatchProcessor`: many files at once, and exactly one result for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Literal

from ai_catalyst.engine import Batch, InFlight, Journal, Outcome, ProgressCallback
from ai_catalyst.errors import CatalystError, UserError
from ai_catalyst.pdf.batch_work import FileFailed, Files, Item, Work, items_of, total_of
from ai_catalyst.pdf.kept import STAGE, Keeping
from ai_catalyst.pdf.reading import OnPage
from ai_catalyst.pdf.result import BatchResult, outcome_of

__all__ = ["AsyncBatchProcessor"]

Numbered = tuple[int, BatchResult]


class AsyncBatchProcessor:
    """Processes many files; nothing a file does keeps the others from their results.

    ``pdf_processor`` is any object with ``process_file``. ``max_concurrent`` is how many files are
    worked on at once; ``"auto"`` watches processors, memory and errors. With `AsyncPDFProcessor`
    some more are read ahead. ``progress_callback`` hears of the batch and of its files, ``on_page``
    ``(file name, pages read, pages)`` of pages; both may be plain or coroutine functions, and what
    they raise harms nothing. ``priority(file)``: the lowest goes first.

    With a ``journal``, or a repository that has one, the same file with the same options is not
    processed twice: its result is handed on as it was.
    """

    def __init__(
        self,
        pdf_processor: Any,
        max_concurrent: int | Literal["auto"] = 5,
        progress_callback: ProgressCallback | None = None,
        *,
        on_page: OnPage | None = None,
        priority: Callable[[Any], int] | None = None,
        journal: Journal | None = None,
    ) -> None:
        """Set the terms. Raises `UserError` for what cannot be."""
        if max_concurrent != "auto" and not (
            isinstance(max_concurrent, int) and max_concurrent >= 1
        ):
            raise UserError(f'max_concurrent is at least 1, or "auto", not {max_concurrent!r}')
        if not callable(getattr(pdf_processor, "process_file", None)):
            raise UserError(f"{type(pdf_processor).__name__} has no process_file")
        self.pdf_processor = pdf_processor
        self.max_concurrent = max_concurrent
        self.progress_callback = progress_callback
        self.on_page = on_page
        self.priority = priority
        self.journal = journal
        self._works: set[Work] = set()
        self._counts: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._seconds = 0.0
        self._limit = 0

    async def process_batch(
        self, files: Files, extractor: Any = None, fields: Any = None, method: str = "classic"
    ) -> list[BatchResult]:
        """Return one result for each file, in their order.

        ``files`` are paths, ``(name, bytes)``, or objects with ``name`` and ``read``; ``fields``
        names, a YAML path or a pydantic model; ``method`` is ``classic``, ``ai`` or ``hybrid``.
        Raises `UserError` for a method or fields that cannot be.
        """
        numbered: list[Numbered] = []
        async with aclosing(self.numbered(files, extractor, fields, method)) as results:
            async for each in results:
                numbered.append(each)  # noqa: PERF401 - aclosing hides the iterator's kind
        return [result for _, result in sorted(numbered, key=lambda each: each[0])]

    async def stream_batch(
        self, files: Files, extractor: Any = None, fields: Any = None, method: str = "classic"
    ) -> AsyncIterator[BatchResult]:
        """Yield one result for each file, as they are there."""
        async with aclosing(self.numbered(files, extractor, fields, method)) as results:
            async for _, result in results:
                yield result

    def cancel(self) -> None:
        """Give up what is not finished: each such file gets a result that is ``CANCELLED``."""
        for work in self._works:
            work.cancel()

    def stats(self) -> dict[str, Any]:
        """Return what became of the files so far.

        ``total`` = ``succeeded`` + ``failed``; ``outcomes`` counts them by outcome and adds up to
        ``total`` as well; ``resumed`` are those done in an earlier run, ``retries`` the attempts
        beyond the first, ``seconds`` how long files took together, ``concurrency`` how many may be
        worked on at once now.
        """
        names = ("total", "succeeded", "failed", "resumed", "retries", "pages")
        counts: dict[str, Any] = {name: self._counts[name] for name in names}
        fixed = self.max_concurrent if isinstance(self.max_concurrent, int) else 0
        return counts | {
            "outcomes": dict(self._outcomes),
            "seconds": self._seconds,
            "concurrency": self._limit or fixed,
        }

    # One batch.

    async def numbered(
        self, files: Files, extractor: Any = None, fields: Any = None, method: str = "classic"
    ) -> AsyncGenerator[Numbered, None]:
        """Yield each file's place in the input, from 0, and its result, as they are there."""
        async with Work(
            self.pdf_processor,
            (extractor, fields, method),
            max_concurrent=self.max_concurrent,
            total=total_of(files),
            callback=self.progress_callback,
            on_page=self.on_page,
            in_order=self.priority is not None,
        ) as work:
            self._works.add(work)
            try:
                async with self._batch(work, files) as batch:
                    async for outcome in batch:
                        result = _result_of(outcome, method)
                        self._count(result, outcome, work.gate)
                        await work.ended(outcome)
                        yield outcome.index, result
            finally:
                self._works.discard(work)

    def _batch(self, work: Work, files: Files) -> Batch[Item, BatchResult]:
        journal = self._journal()
        kept: dict[str, Any] = {}
        if journal is not None:
            keeping = Keeping(journal, work, self.pdf_processor)
            kept = {
                "journal": journal,
                "key": keeping.key,
                "encode": keeping.encode,
                "decode": keeping.decode,
            }
        return Batch(
            work.do,
            items_of(files, look=work.looks and journal is None),
            limit=work.width,
            label=lambda item: item.label,
            priority=self._priority,
            **kept,
        )

    def _journal(self) -> Journal | None:
        if self.journal is not None:
            return self.journal
        offered = getattr(getattr(self.pdf_processor, "repository", None), "journal", None)
        journal: Journal | None = offered(STAGE) if callable(offered) else None
        return journal

    @property
    def _priority(self) -> Callable[[Item], int] | None:
        priority = self.priority
        return None if priority is None else lambda item: priority(item.file)

    def _count(
        self, result: BatchResult, outcome: Outcome[Item, BatchResult], gate: InFlight
    ) -> None:
        self._counts["total"] += 1
        self._counts["succeeded" if result.success else "failed"] += 1
        self._counts["resumed"] += outcome.resumed
        self._counts["retries"] += result.attempts - 1
        self._counts["pages"] += result.pages
        self._outcomes[result.outcome] += 1
        self._seconds += 0.0 if outcome.resumed else result.seconds
        self._limit = gate.limit


def _result_of(outcome: Outcome[Item, BatchResult], method: str) -> BatchResult:
    """Return the result of an item, whatever became of it."""
    name = outcome.item.name
    if outcome.value is not None:
        result = outcome.value
        return replace(result, file_name=name) if outcome.resumed else result
    error = outcome.error
    if isinstance(error, FileFailed):
        return error.result
    assert error is not None
    text = str(error) if isinstance(error, CatalystError) else f"{type(error).__name__}: {error}"
    return BatchResult(name, error=f"{name}: {text}", method=method, outcome=outcome_of(error))
