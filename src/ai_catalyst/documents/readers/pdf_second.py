"""A second opinion: pypdf, asked where pdfium finds nothing. Twelve times slower, and otherwise."""

from __future__ import annotations

import contextlib
import io
import logging
from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.readers.pdf_file import MAX_PAGES, iso_date
from ai_catalyst.documents.readers.pdf_text import clean
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from ai_catalyst.documents.blob import Blob

__all__ = ["SecondOpinion"]

MAX_BYTES = 32 * 2**20
"""A larger file is not read twice."""
MOST_PAGES = 50
"""How many pages of a file that pdfium can open are asked about."""


class SecondOpinion:
    """What pypdf finds in a file; it is opened when first asked, and None is its usual answer.

    It raises nothing: whoever asks has an opinion already.
    """

    def __init__(self, blob: Blob, password: str | None = None, *, most: int = MOST_PAGES) -> None:
        """Keep what is needed to open the file; ``most`` pages are read at all."""
        self._blob = blob
        self._password = password
        self._reader: Any = None
        self._opened = False
        self._asked = 0
        self._most = most

    def count(self) -> int:
        """Return how many pages it finds; 0 when it cannot tell, or there are too many."""
        reader = self._open()
        if reader is None:
            return 0
        try:
            count = len(reader.pages)
        except Exception:  # noqa: BLE001 - a parser may raise anything on a broken file
            return 0
        return count if count <= MAX_PAGES else 0

    def text(self, number: int) -> str | None:
        """Return the text of a page, None when there is no telling."""
        self._asked += 1
        if self._asked > self._most or (reader := self._open()) is None:
            return None
        with contextlib.suppress(Exception):
            return clean(reader.pages[number - 1].extract_text()).strip()
        return None

    def metadata(self) -> dict[str, Any]:
        """Return ``title``, ``author`` and ``date``, those that are known."""
        reader = self._open()
        found: dict[str, Any] = {}
        with contextlib.suppress(Exception):
            about = reader.metadata or {}
            for name, key in (("title", "/Title"), ("author", "/Author")):
                if value := clean(str(about.get(key) or "")).strip():
                    found[name] = value
            if date := iso_date(str(about.get("/CreationDate") or "")):
                found["date"] = date
        return found

    def _open(self) -> Any:
        if self._opened:
            return self._reader
        self._opened = True
        with contextlib.suppress(Exception):
            self._reader = self._reader_of(self._blob)
        return self._reader

    def _reader_of(self, blob: Blob) -> Any:
        from pypdf import PdfReader

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)
        reader = PdfReader(io.BytesIO(blob.read(MAX_BYTES)), strict=False)
        if reader.is_encrypted and not reader.decrypt(self._password or ""):
            raise FileError("is encrypted", kind="encrypted")
        return reader
