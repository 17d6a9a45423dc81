"""`TextExtractor`: the text of a PDF, read in a process that can be killed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.readers.pdf import read_pages
from ai_catalyst.engine import twin
from ai_catalyst.engine.workers import shared_pool
from ai_catalyst.pdf.model import PageText

__all__ = ["TextExtractor"]


def _pages(blob: Blob) -> list[PageText]:
    return [PageText(page.number, page.whole, page.whole) for page in read_pages(blob)]


class TextExtractor:
    """Read the pages of a PDF."""

    async def pages_async(self, file: Any) -> Sequence[PageText]:
        """Return every page. Raises `FileError`."""
        if isinstance(file, str | Path):
            blob = Blob(str(file), path=str(file))
        else:
            name, data = file
            blob = Blob(name, data=data)
        return await shared_pool().run(_pages, blob)

    async def extract_text_async(self, file_bytes: bytes) -> str:
        """Return the whole text."""
        pages = await self.pages_async(("document.pdf", file_bytes))
        return "\n\n".join(page.text for page in pages)

    extract_text = twin(extract_text_async)
