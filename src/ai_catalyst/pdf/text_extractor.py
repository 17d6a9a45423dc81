"""`TextExtractor`: the text of a PDF, read in processes that can be killed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ai_catalyst.engine.bridge import twin
from ai_catalyst.engine.workers import WorkerPool
from ai_catalyst.errors import UserError
from ai_catalyst.pdf.desk import ReadTasks, desk_of
from ai_catalyst.pdf.model import PageText
from ai_catalyst.pdf.pages import Ocr, Terms, read_tasks
from ai_catalyst.pdf.reading import OnPage, ReadPdf, read_pdf
from ai_catalyst.pdf.source import MAX_BYTES, load

__all__ = ["TextExtractor"]


class TextExtractor:
    """Reads PDFs: text, layout, form values, annotations, tables, and scans by OCR.

    ``passwords`` are tried on encrypted files. ``ocr`` reads pages without text where tesseract is
    installed (``auto``), no page, or every page (``always``); ``ocr_languages`` are tesseract's
    names. ``tables`` looks for tables with pdfplumber, which is slow; None does so where it is
    installed, for `extract_text` alone. ``page_timeout_s`` and ``timeout_s`` bound a page and a
    file. Reading is done by ``pool`` (None: the shared one); ``read`` is what its workers do.
    """

    def __init__(
        self,
        *,
        passwords: Sequence[str] = (),
        ocr: Ocr = "auto",
        ocr_languages: Sequence[str] = (),
        tables: bool | None = None,
        page_timeout_s: float = 20.0,
        timeout_s: float = 300.0,
        max_bytes: int = MAX_BYTES,
        max_pages: int = 20_000,
        pool: WorkerPool | None = None,
        read: ReadTasks = read_tasks,
    ) -> None:
        """Set the terms. Raises `UserError` for what cannot be."""
        if ocr not in {"auto", "never", "always"}:
            raise UserError(f"ocr is auto, never or always, not {ocr!r}")
        if not page_timeout_s > 0 or not timeout_s > 0:
            raise UserError("page_timeout_s and timeout_s are in seconds and above 0")
        self.tables = tables
        self._terms = Terms(
            passwords=tuple(passwords),
            ocr=ocr,
            ocr_languages=tuple(ocr_languages),
            tables=bool(tables),
            page_timeout_s=page_timeout_s,
            timeout_s=timeout_s,
            max_bytes=max_bytes,
            max_pages=max_pages,
        )
        self._with_places = replace(self._terms, places=True)
        self._pool = pool
        self._read = read

    async def read_async(
        self, file: Any, *, places: bool = False, on_page: OnPage | None = None
    ) -> ReadPdf:
        """Return a file as read; with ``places`` each page has ``layout`` and ``words`` as well.

        ``file`` is a path, ``(name, bytes)``, or an object with ``name`` and ``read``. ``on_page``
        hears of each page. Raises `FileError`; see `reading.read_pdf`.
        """
        return await self._do(file, self._with_places if places else self._terms, on_page)

    read = twin(read_async)

    async def pages_async(self, file: Any, *, places: bool = True) -> list[PageText]:
        """Return the pages that could be read."""
        return (await self.read_async(file, places=places)).pages

    pages = twin(pages_async)

    async def extract_text_async(self, file_bytes: bytes) -> str:
        """Return the whole text, tables after the page they stand on, cells between bars.

        Raises `FileError`. A file without text gives ``""``.
        """
        terms = self._terms
        if self.tables is None:
            from ai_catalyst.documents.readers.pdf_tables import tables_available

            terms = replace(terms, tables=tables_available())
        found = await self._do(("document.pdf", file_bytes), terms, None)
        return "\n\n".join(_with_tables(page) for page in found.pages).strip()

    extract_text = twin(extract_text_async)

    async def _do(self, file: Any, terms: Terms, on_page: OnPage | None) -> ReadPdf:
        source = await load(file, max_bytes=terms.max_bytes)
        return await read_pdf(source, terms, desk_of(self._pool, self._read), on_page)

    @property
    def options(self) -> tuple[object, ...]:
        """Everything that changes what is read; part of a journal's key."""
        terms = self._terms
        return (terms.ocr, terms.ocr_languages, terms.tables, terms.max_pages)


def _with_tables(page: PageText) -> str:
    tables = ["\n".join(" | ".join(row) for row in table) for table in page.tables]
    return "\n\n".join(part for part in (page.text, *tables) if part)
