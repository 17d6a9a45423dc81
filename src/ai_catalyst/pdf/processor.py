"""`AsyncPDFProcessor`: one file in, one `BatchResult` out, whatever the file is."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, TypeVar

from ai_catalyst.engine import Breaker, Retry
from ai_catalyst.errors import (
    BreakerOpen,
    CatalystError,
    EndpointError,
    FileError,
    StoreError,
    WorkerError,
)
from ai_catalyst.pdf.extracting import Extracting
from ai_catalyst.pdf.model import Extraction, PageText
from ai_catalyst.pdf.reading import OnPage, ReadPdf
from ai_catalyst.pdf.result import BatchResult, outcome_of
from ai_catalyst.pdf.source import PdfSource, bytes_of, load, name_of
from ai_catalyst.pdf.text_extractor import TextExtractor

__all__ = ["AsyncPDFProcessor", "worth_another_try"]

T = TypeVar("T")

_NO_TEXT = "has no text: a scan needs OCR (the tesseract program and the extra ocr)"


def worth_another_try(error: Exception) -> bool:
    """Whether the same might go well next time: a model, a database, a file being written."""
    if isinstance(error, BreakerOpen | WorkerError):
        return False
    if isinstance(error, FileError):
        return error.kind == "changed"
    return isinstance(error, EndpointError | StoreError | ConnectionError | TimeoutError)


class AsyncPDFProcessor:
    """Reads a PDF, extracts fields, keeps the result; a failure of the file is a value.

    ``repository`` keeps results (anything with ``save`` like `ExtractionRepository`'s).
    ``validator`` has ``validate(bytes)``, ``text_extractor`` ``extract_text(bytes)``; None are our
    own. ``retry`` says what is tried again (None: what a retry can help, three times in all);
    ``breaker`` guards the extractor. What is wrong with a file is never tried again, except one
    that changed while it was read.
    """

    def __init__(
        self,
        repository: Any = None,
        *,
        validator: Any = None,
        text_extractor: Any = None,
        retry: Retry | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        """Take the parts."""
        self.repository = repository
        self.validator = validator
        self.text_extractor = text_extractor if text_extractor is not None else TextExtractor()
        self.retry = retry or Retry(on=worth_another_try)
        self.breaker = breaker
        self.causes: set[type[Exception]] = set()
        """The kinds of errors that files have failed with."""
        self._known: tuple[tuple[Any, ...], Extracting] | None = None

    async def process_file(
        self,
        file: Any,
        extractor: Any = None,
        fields: Any = None,
        method: str = "classic",
        *,
        on_page: OnPage | None = None,
    ) -> BatchResult:
        """Return the result of one file: a path, ``(name, bytes)`` or an object with ``read``.

        ``extractor`` None is the one ``method`` names; ``fields`` are names, a YAML path or a
        pydantic model. ``on_page`` hears of pages as they are read. Raises `UserError` for an
        unknown method or fields that cannot be; whatever is wrong with the file is in the result.
        """
        return await self.process(file, await self.extracting(extractor, fields, method), on_page)

    async def process(
        self,
        file: Any,
        extracting: Extracting,
        on_page: OnPage | None = None,
        turn: AbstractAsyncContextManager[Any] | None = None,
    ) -> BatchResult:
        """Return the result of one file; ``turn`` is waited for before fields are extracted.

        So files can be read ahead of those whose fields are being extracted.
        """
        start = time.perf_counter()
        result = BatchResult(name_of(file), method=extracting.method)
        try:
            await _OneFile(self, result, extracting, on_page, turn or nullcontext()).run(file)
        except Exception as error:  # noqa: BLE001 - a failure of the file is a value
            self.causes.add(type(error))
            result.success = False
            result.error = _told(error, result.file_name)
            if result.outcome in {"OK", "PARTIAL"}:
                result.outcome = outcome_of(error)
        result.seconds = time.perf_counter() - start
        return result

    async def extracting(self, extractor: Any, fields: Any, method: str) -> Extracting:
        """Return extractor and fields, looked at once for many files. Raises `UserError`."""
        key = (extractor, fields, method)
        known = self._known
        if known is not None and all(a is b for a, b in zip(known[0], key, strict=True)):
            return known[1]
        extracting = await asyncio.to_thread(Extracting, extractor, fields, method)
        self._known = (key, extracting)
        return extracting


class _OneFile:
    """A file on its way through the processor."""

    def __init__(
        self,
        processor: AsyncPDFProcessor,
        result: BatchResult,
        extracting: Extracting,
        on_page: OnPage | None,
        turn: AbstractAsyncContextManager[Any],
    ) -> None:
        self._turn = turn
        self._processor = processor
        self._result = result
        self._extracting = extracting
        self._on_page = on_page

    async def run(self, file: Any) -> None:
        processor, result = self._processor, self._result
        source = await self._tried(lambda: self._loaded(file))
        read = await self._tried(lambda: self._read(source))
        result.pages = read.count
        result.outcome = read.outcome
        result.error = f"{result.file_name}: {'; '.join(read.troubles)}" if read.troubles else None
        if read.outcome == "NO_TEXT":
            raise FileError(f"{result.file_name}: {_NO_TEXT}", kind="no_text")
        async with self._turn:
            found = await self._tried(lambda: self._extract(read.pages))
            result.data, result.evidence = found.data, found.evidence
            if processor.repository is not None:
                result.db_id = await self._tried(lambda: self._keep(source, read, found))
        result.success = True

    async def _tried(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Await an operation, again where that may help."""
        retry = self._processor.retry
        began = retry.clock()
        attempt = 1
        while True:
            try:
                return await operation()
            except Exception as error:
                hopeless = isinstance(error, FileError) and not worth_another_try(error)
                wait = None if hopeless else retry.after(error, attempt, retry.clock() - began)
                if wait is None:
                    raise
            attempt += 1
            self._result.attempts += 1
            await retry.sleep(wait)

    async def _loaded(self, file: Any) -> PdfSource:
        source = await load(file, digest=self._processor.repository is not None)
        validator = self._processor.validator
        if validator is not None:
            checked = getattr(validator, "validate_async", validator.validate)
            if await _off_loop(checked, await bytes_of(source)) is False:
                raise FileError(f"{source.name}: was refused by the validator")
        return source

    async def _read(self, source: PdfSource) -> ReadPdf:
        reader = self._processor.text_extractor
        if _is_ours(reader):
            places = self._extracting.wants_places
            return await reader.read_async(source, places=places, on_page=self._on_page)
        text = await _off_loop(reader.extract_text, await bytes_of(source))
        pages = [PageText(1, str(text or ""), str(text or ""), source=type(reader).__name__)]
        outcome = "OK" if str(text or "").strip() else "NO_TEXT"
        return ReadPdf(source.name, pages, 1, outcome=outcome)  # type: ignore[arg-type]

    async def _extract(self, pages: list[PageText]) -> Extraction:
        breaker = self._processor.breaker
        if breaker is None:
            return await self._extracting.extract(pages)
        async with breaker:
            return await self._extracting.extract(pages)

    async def _keep(self, source: PdfSource, read: ReadPdf, found: Extraction) -> int | None:
        """Save the result; what cannot be saved is PARTIAL, whatever it was."""
        saved = self._processor.repository.save(
            source.name, source.sha256, read.pages, found, read.outcome, self._result.method
        )
        db_id: int | None = await saved if inspect.isawaitable(saved) else saved
        return db_id


def _is_ours(reader: Any) -> bool:
    """Whether a reader gives pages: not when somebody made ours give another text."""
    return (
        isinstance(reader, TextExtractor)
        and type(reader).extract_text is TextExtractor.extract_text
    )


async def _off_loop(function: Callable[..., Any], data: bytes) -> Any:
    """Call a user's function in a thread, unless it is a coroutine function."""
    if inspect.iscoroutinefunction(function):
        return await function(data)
    value = await asyncio.to_thread(function, data)
    return await value if inspect.isawaitable(value) else value


def _told(error: Exception, name: str) -> str:
    """Return a line for people that begins with the file's name."""
    text = str(error)
    if not isinstance(error, CatalystError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text if text.startswith(name) else f"{name}: {text}"
