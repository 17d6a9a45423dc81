"""Tables with drawn or implied lines, by pdfplumber (extra ``tables``): on request, it is slow."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.readers.pdf_file import MAX_BYTES
from ai_catalyst.documents.readers.pdf_text import clean
from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from ai_catalyst.documents.blob import Blob

__all__ = ["Table", "tables_available", "tables_of"]

Table = tuple[tuple[str, ...], ...]


def tables_available() -> bool:
    """Whether pdfplumber is installed."""
    return find_spec("pdfplumber") is not None


def tables_of(
    blob: Blob, numbers: Iterable[int], password: str | None = None
) -> Iterator[tuple[int, tuple[Table, ...]]]:
    """Yield page number and its tables, rows of cells, for the pages asked for.

    A page that pdfplumber cannot read has none. Raises `UserError` when it is not installed.
    """
    try:
        import pdfplumber
    except ImportError:
        raise UserError("tables need pdfplumber: pip install '.[tables]'") from None
    with pdfplumber.open(io.BytesIO(blob.read(MAX_BYTES)), password=password or "") as pdf:
        for number in numbers:
            try:
                page = pdf.pages[number - 1]
                yield number, tuple(_table(found) for found in page.extract_tables())
                page.close()
            except Exception:  # noqa: BLE001 - a parser may raise anything on a broken page
                yield number, ()


def _table(rows: list[list[Any]]) -> Table:
    return tuple(tuple(clean(cell or "").strip() for cell in row) for row in rows)
