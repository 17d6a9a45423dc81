"""What ``catalyst pdf`` runs, composed of the rooms below: files, reader, extractor, store."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ai_catalyst.cli.exits import ALL_DONE, exit_code_of_run
from ai_catalyst.cli.models import provider
from ai_catalyst.cli.pdf_progress import PdfProgress
from ai_catalyst.cli.stores import open_file_store
from ai_catalyst.documents.readers.pdf_tables import tables_available
from ai_catalyst.documents.sources import Locator, expand
from ai_catalyst.engine import Batch
from ai_catalyst.errors import AllEndpointsFailed, FileError, UserError
from ai_catalyst.pdf.batch import AsyncBatchProcessor
from ai_catalyst.pdf.extracting import extractor_for
from ai_catalyst.pdf.kept import STAGE
from ai_catalyst.pdf.model import PageText
from ai_catalyst.pdf.processor import AsyncPDFProcessor
from ai_catalyst.pdf.reading import ReadPdf
from ai_catalyst.pdf.result import BatchResult, to_plain
from ai_catalyst.pdf.schema import Schema
from ai_catalyst.pdf.source import PdfSource
from ai_catalyst.pdf.text_extractor import TextExtractor

if TYPE_CHECKING:
    from ai_catalyst.settings import Settings
    from ai_catalyst.store import Store

__all__ = ["Figures", "PdfJob", "TextJob", "concurrency_of", "reader_of"]

FORMATS = (".xlsx", ".csv", ".json")
READ_AT_ONCE = 8


@dataclass(slots=True)
class Figures:
    """What a run did: its results in the order of the files, and the counts."""

    fields: tuple[str, ...] = ()
    results: list[BatchResult] = field(default_factory=list)
    succeeded: int = 0
    failed: int = 0
    resumed: int = 0
    pages: int = 0
    seconds: float = 0.0
    exit_code: int = ALL_DONE

    @property
    def header(self) -> tuple[str, ...]:
        """The columns: file, outcome, fields, error."""
        return ("file", "outcome", *self.fields, "error")

    @property
    def never_found(self) -> tuple[str, ...]:
        """The fields that no file had, where any was read."""
        read = [result for result in self.results if result.data]
        return tuple(
            name for name in self.fields if read and not any(name in each.data for each in read)
        )

    def rows(self) -> list[list[str]]:
        """Return the table's rows as texts."""
        return [
            [
                result.file_name,
                result.outcome,
                *(_shown(result.data.get(name)) for name in self.fields),
                result.error or "",
            ]
            for result in self.results
        ]

    def plain(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        from ai_catalyst.pdf.repository_values import plain

        counts = ("succeeded", "failed", "resumed", "pages", "seconds", "exit_code")
        files = [plain(to_plain(result)) for result in self.results]
        return {name: getattr(self, name) for name in counts} | {"files": files}


class PdfJob:
    """Everything one ``catalyst pdf extract`` needs, opened in order and closed in reverse."""

    def __init__(
        self,
        settings: Settings,
        arguments: list[str],
        reader: TextExtractor,
        *,
        fields: str | None,
        method: str,
        output: Path | None,
        templates: Sequence[Path] = (),
        concurrency: int | Literal["auto"] = 5,
        evidence: bool = False,
        only_known: bool = False,
        refresh: bool = False,
    ) -> None:
        """Take what to do. Raises `UserError` for what cannot be, before anything is read."""
        if output is not None and output.suffix.lower() not in FORMATS:
            raise UserError(f"{output}: results are written as {', '.join(FORMATS)}")
        if output is not None and not output.parent.is_dir():
            raise UserError(f"{output}: there is no folder {output.parent}; make it first")
        self._settings = settings
        self._arguments = arguments
        self._reader = reader
        self._schema = Schema.of(_usual() if fields is None else fields)
        self._method = method
        self._output = output
        self._templates = tuple(templates)
        self._concurrency = concurrency
        self._evidence = evidence
        self._only_known = only_known
        self._refresh = refresh

    async def go(self, progress: PdfProgress) -> Figures:
        """Read and extract; show it on ``progress``, and write the results."""
        started = time.monotonic()
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(open_file_store(self._settings))
            extractor = await self._extractor(stack, store)
            files = await asyncio.to_thread(lambda: list(_files(self._arguments)))
            if self._only_known:
                known = await _known(store)
                files = [file for file in files if file.name in known]
            stack.enter_context(progress)
            progress.expect(len(files))
            figures = await self._run(store, files, extractor, progress)
        figures.seconds = round(time.monotonic() - started, 2)
        if self._output is not None:
            await asyncio.to_thread(self._write, figures)
        return figures

    async def _extractor(self, stack: AsyncExitStack, store: Store) -> Any:
        llm = None
        if self._method != "classic":
            from ai_catalyst.llm.race import NOBODY

            llm = await stack.enter_async_context(provider(self._settings, store))
            if not await llm.endpoints_async():
                raise AllEndpointsFailed(f"{NOBODY}; or use --method classic, which needs none")
        model = self._settings.model if self._method != "classic" else None
        return await asyncio.to_thread(
            extractor_for, self._method, llm, model=model, templates=self._templates
        )

    async def _run(
        self, store: Store, files: list[PdfSource], extractor: Any, progress: PdfProgress
    ) -> Figures:
        from ai_catalyst.pdf.repository import ExtractionRepository

        run = await store.start_run(f"pdf extract {' '.join(self._arguments)}")
        found: dict[int, BatchResult] = {}
        async with ExtractionRepository(store) as repository:
            processor = AsyncPDFProcessor(repository, text_extractor=self._reader)
            batch = AsyncBatchProcessor(
                processor,
                self._concurrency,
                on_page=progress.page,
                journal=store.journal(run, STAGE, refresh=self._refresh),
            )
            results = batch.numbered(files, extractor, self._schema, self._method)
            async with aclosing(results):
                async for place, result in results:
                    progress.finished(result)
                    found[place] = result
        stats = batch.stats()
        done = {"done": stats["succeeded"] - stats["resumed"], "unchanged": stats["resumed"]}
        await store.finish_run(run, "done", done | {"failed": stats["failed"]})
        counts = {name: stats[name] for name in ("succeeded", "failed", "resumed", "pages")}
        figures = Figures(self._schema.names, [found[place] for place in sorted(found)], **counts)
        if figures.failed:
            causes = processor.causes or {FileError}
            figures.exit_code = exit_code_of_run(causes, done=bool(figures.succeeded))
        return figures

    def _write(self, figures: Figures) -> None:
        from ai_catalyst.pdf.export import write_results

        assert self._output is not None
        write_results(self._output, figures.results, fields=self._schema, evidence=self._evidence)


class TextJob:
    """Everything one ``catalyst pdf text`` needs."""

    def __init__(self, arguments: list[str], reader: TextExtractor, *, layout: bool) -> None:
        """Take what to read, and whether columns are kept."""
        self._arguments = arguments
        self._reader = reader
        self._layout = layout

    async def texts(self) -> AsyncIterator[tuple[str, ReadPdf | None, str | None]]:
        """Yield name, what was read, and what went wrong, in the order of the files."""
        files = await asyncio.to_thread(lambda: list(_files(self._arguments)))

        async def read(file: PdfSource) -> ReadPdf:
            return await self._reader.read_async(file, places=self._layout)

        async with Batch(read, files, limit=READ_AT_ONCE, ordered=True) as batch:
            async for outcome in batch:
                name, found = outcome.item.name, outcome.value
                if outcome.error is not None:
                    yield name, None, str(outcome.error)
                elif found is not None:
                    yield name, found, _trouble(name, found)

    def shown(self, name: str, read: ReadPdf) -> str:
        """Return the text as it is printed."""
        return "\f".join(self._text(page) for page in read.pages)

    def plain(self, name: str, read: ReadPdf | None, error: str | None) -> dict[str, Any]:
        """Return a file as JSON has it."""
        if read is None:
            return {"file": name, "error": error}
        pages = [
            {
                "page": page.number,
                "text": self._text(page),
                "source": page.source,
                **({"tables": page.tables} if page.tables else {}),
            }
            for page in read.pages
        ]
        told = {"file": name, "outcome": read.outcome, "pages": read.count, "texts": pages}
        return told | {"metadata": read.metadata, "outline": read.outline, "error": error}

    def _text(self, page: PageText) -> str:
        text = page.layout if self._layout else page.text
        tables = ["\n".join(" | ".join(row) for row in table) for table in page.tables]
        return "\n\n".join(part for part in (text, *tables) if part)


def reader_of(
    passwords: Path | None,
    ocr: Literal["auto", "never", "always"],
    languages: Sequence[str] | None,
    page_timeout_s: float,
    timeout_s: float,
    *,
    tables: bool = False,
) -> TextExtractor:
    """Return the reader that the options describe. Raises `UserError`."""
    if tables and not tables_available():
        raise UserError("--tables needs pdfplumber: pip install '.[tables]'")
    return TextExtractor(
        passwords=_lines(passwords) if passwords is not None else (),
        ocr=ocr,
        ocr_languages=languages or (),
        tables=tables,
        page_timeout_s=page_timeout_s,
        timeout_s=timeout_s,
    )


def concurrency_of(text: str) -> int | Literal["auto"]:
    """Return what ``--concurrency`` says. Raises `UserError`."""
    if text == "auto":
        return "auto"
    if not text.isdigit() or int(text) < 1:
        raise UserError(f"--concurrency is a number from 1, or auto, not {text!r}")
    return int(text)


def _lines(path: Path) -> tuple[str, ...]:
    try:
        return tuple(line for line in path.read_text("utf-8").splitlines() if line)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UserError(f"--passwords {path}: cannot be read: {reason}") from error


def _usual() -> tuple[str, ...]:
    from ai_catalyst.pdf.classic import USUAL_FIELDS

    return USUAL_FIELDS


async def _known(store: Store) -> set[str]:
    """Return the names of files that were tried before."""
    sql = "SELECT DISTINCT label FROM journal WHERE stage = ?"
    rows = await store.read(lambda c: c.execute(sql, (STAGE,)).fetchall())
    return {row[0] for row in rows}


def _files(arguments: Sequence[str]) -> Iterator[PdfSource]:
    """Yield the files that arguments name: of folders and patterns their PDFs alone."""
    named = {name for name in arguments if not Path(name).is_dir()}
    for argument in arguments:
        found = False
        for source in _files_of(argument, named):
            found = True
            yield source
        if not found:
            raise UserError(f"{argument}: no PDF is there; name files, folders or patterns")


def _files_of(argument: str, named: set[str]) -> Iterator[PdfSource]:
    for place in expand([argument]):
        if place.kind == "stdin":
            yield PdfSource("stdin", data=sys.stdin.buffer.read())
        elif place.kind == "url":
            raise UserError(f"{place.uri}: download it first; `catalyst pdf` reads files")
        elif place.path is None or place.path in named or _is_pdf(place):
            yield PdfSource(place.uri, path=place.path or place.uri)


def _is_pdf(place: Locator) -> bool:
    return place.uri.lower().endswith(".pdf")


def _trouble(name: str, read: ReadPdf) -> str | None:
    if read.outcome == "NO_TEXT":
        return f"{name}: has no text"
    return f"{name}: {'; '.join(read.troubles)}" if read.troubles else None


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return str(value)
