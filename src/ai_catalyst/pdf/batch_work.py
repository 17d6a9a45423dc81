"""What a batch does with one file: when it begins, whose turn it is, how it is given up."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from operator import length_hint
from pathlib import PurePath
from types import TracebackType
from typing import Any, Self

from ai_catalyst.engine import AdaptiveLimit, InFlight, Outcome, ProgressCallback
from ai_catalyst.engine.events import notifier
from ai_catalyst.engine.listener import Listener
from ai_catalyst.errors import ItemCancelled, ProcessingError
from ai_catalyst.pdf.auto import MOST, Watch, auto_limit
from ai_catalyst.pdf.extracting import Extracting, checked_method
from ai_catalyst.pdf.processor import AsyncPDFProcessor
from ai_catalyst.pdf.reading import OnPage
from ai_catalyst.pdf.result import BatchResult
from ai_catalyst.pdf.source import PdfSource, look_ahead, name_of

__all__ = ["FileFailed", "Item", "Work", "items_of"]

LOOKED_AT = 64
"""How many paths are looked at together."""
READ_AHEAD = 48
"""How many files are read beyond those whose fields are being extracted."""

Files = Iterable[Any] | AsyncIterable[Any]


class FileFailed(ProcessingError):
    """Raised when a file has a result that is no success; ``result`` is that."""

    def __init__(self, result: BatchResult) -> None:
        """Say what the result says."""
        super().__init__(result.error or result.outcome)
        self.result = result


class Item:
    """One of a batch's files; ``source`` is there when it has been looked at."""

    __slots__ = ("begun", "file", "name", "source")

    def __init__(self, file: Any) -> None:
        """Take what the caller gave."""
        self.file = file
        self.name = name_of(file)
        """What to call it."""
        self.source: PdfSource | None = None
        self.begun = False

    @property
    def label(self) -> str:
        """What a journal calls it: the whole path, where there is one."""
        return str(self.file) if isinstance(self.file, str | PurePath) else self.name


async def items_of(files: Files, *, look: bool = False) -> AsyncIterator[Item]:
    """Yield an `Item` for each file, pulling them lazily; ``look`` at paths, many at a time."""
    if isinstance(files, AsyncIterable):
        async for file in files:
            yield Item(file)
    elif not look or not isinstance(files, Sequence):
        for file in files:
            yield Item(file)
    else:
        for start in range(0, len(files), LOOKED_AT):
            group = files[start : start + LOOKED_AT]
            for file, found in zip(group, await look_ahead(group), strict=True):
                item = Item(file)
                item.source = found if isinstance(found, PdfSource) else None
                yield item


class Work:
    """One run of a batch: what is done with each file, and who hears of it."""

    def __init__(
        self,
        processor: Any,
        what: tuple[Any, Any, str],
        *,
        max_concurrent: int | str,
        total: int | None,
        callback: ProgressCallback | None,
        on_page: OnPage | None,
        in_order: bool,
    ) -> None:
        """Take a processor and ``(extractor, fields, method)``; ``in_order`` reads none ahead."""
        self._processor = processor
        self.extractor, self.fields, self.method = what
        checked_method(self.method)
        self.extracting: Extracting | None = None
        self.gate = auto_limit() if max_concurrent == "auto" else InFlight(int(max_concurrent))
        self._ahead = isinstance(processor, AsyncPDFProcessor) and not in_order
        self._listener: Listener[Item] | None = None
        if callback is not None:
            self._listener = Listener(callback, lambda item: item.name, total)
        self._page = None if on_page is None else _page_notifier(on_page)
        self._hears_pages = "on_page" in _parameters(processor.process_file)
        self._running: set[asyncio.Timeout] = set()
        self._watch: Watch | None = None
        self.cancelled = False

    @property
    def looks(self) -> bool:
        """Whether files are looked at before they are begun: ours alone needs that."""
        return self.extracting is not None

    @property
    def width(self) -> int:
        """How many files may be under way, read ahead ones included."""
        limit = MOST if isinstance(self.gate, AdaptiveLimit) else self.gate.limit
        return limit + READ_AHEAD if self._ahead and limit > 1 else limit

    async def __aenter__(self) -> Self:
        """Begin: look at extractor and fields, tell that the batch starts."""
        if isinstance(self._processor, AsyncPDFProcessor):
            self.extracting = await self._processor.extracting(
                self.extractor, self.fields, self.method
            )
        if isinstance(self.gate, AdaptiveLimit):
            self._watch = Watch(self.gate)
            self._watch.start()
        if self._listener is not None:
            await self._listener.begin_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what was begun."""
        if self._watch is not None:
            self._watch.stop()
        if self._listener is not None and error is None:
            await self._listener.end_all()

    def cancel(self) -> None:
        """Give up what runs and what is to come."""
        self.cancelled = True
        now = asyncio.get_running_loop().time()
        for timer in self._running:
            if not timer.expired():
                timer.reschedule(now)

    async def ended(self, outcome: Outcome[Item, BatchResult]) -> None:
        """Tell what became of a file."""
        if self._listener is not None:
            await _settled(self._listener.end(outcome))

    # One file.

    async def do(self, item: Item) -> BatchResult:
        """Return the result of a file. Raises `FileFailed` when it is no success."""
        gone = ItemCancelled(f"{item.name}: was cancelled")
        if self.cancelled:
            raise gone
        timer = asyncio.timeout(None)
        try:
            async with timer:
                self._running.add(timer)
                result = await self._result(item)
        except TimeoutError:
            if self.cancelled:
                raise gone from None
            raise
        finally:
            self._running.discard(timer)
        if not isinstance(result, BatchResult):
            kind = type(result).__name__
            raise ProcessingError(f"{item.name}: process_file gave a {kind}, not a BatchResult")
        if not result.success:
            await self._begin(item)
            raise FileFailed(result)
        return result

    async def _result(self, item: Item) -> Any:
        file = item.file if item.source is None else item.source
        turn = _Turn(self, item)
        on_page = self._on_page(item)
        if isinstance(self._processor, AsyncPDFProcessor) and self.extracting is not None:
            if self._ahead:
                return await self._processor.process(file, self.extracting, on_page, turn)
            async with turn:
                return await self._processor.process(file, self.extracting, on_page)
        async with turn:
            more = {"on_page": on_page} if self._hears_pages else {}
            answer = self._processor.process_file(
                file, self.extractor, self.fields, self.method, **more
            )
            return await answer if inspect.isawaitable(answer) else answer

    async def _begin(self, item: Item) -> None:
        """Tell, once, that work on a file begins."""
        await _settled(self._begun(item))

    def _begun(self, item: Item) -> Awaitable[None] | None:
        if item.begun:
            return None
        item.begun = True
        return None if self._listener is None else self._listener.begin(item)

    def _on_page(self, item: Item) -> OnPage | None:
        """Return what hears of a file's pages: the first tells that it has begun."""
        if self._page is None and self._listener is None:
            return None

        def hear(_: str, page: int, pages: int) -> Awaitable[None] | None:
            begun = self._begun(item)
            told = None if self._page is None else self._page(item.name, page, pages)
            return told if begun is None else begun if told is None else _both(begun, told)

        return hear


class _Turn:
    """A file's turn: a permit of the gate, and the news that work on it begins."""

    def __init__(self, work: Work, item: Item) -> None:
        self._work = work
        self._item = item

    async def __aenter__(self) -> None:
        await self._work.gate.acquire()
        try:
            await self._work._begin(self._item)
        except BaseException:
            self._work.gate.release()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._work.gate.release(error)


async def _settled(pending: Awaitable[None] | None) -> None:
    if pending is not None:
        await pending


async def _both(first: Awaitable[None], second: Awaitable[None]) -> None:
    await first
    await second


def _page_notifier(on_page: OnPage) -> Callable[[str, int, int], Awaitable[None] | None]:
    """Return a caller's callback made harmless."""
    notify = notifier(lambda event: on_page(*event))  # type: ignore[misc]
    return lambda name, page, pages: notify((name, page, pages))  # type: ignore[arg-type]


def _parameters(function: Any) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return frozenset()


def total_of(files: Files) -> int | None:
    """Return how many files there are, None when that is not known."""
    total = length_hint(files, -1) if not isinstance(files, AsyncIterable) else -1
    return None if total < 0 else total
