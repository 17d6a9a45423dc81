"""A PDF file opened with pdfium: its pages' handle, its form, what it says of itself."""

from __future__ import annotations

import itertools
import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.readers.pdf_text import clean
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from ai_catalyst.documents.blob import Blob

__all__ = ["MAX_BYTES", "MAX_PAGES", "OpenPdf", "bytes_of", "metadata_of", "open_pdf", "outline_of"]

MAX_BYTES = 256 * 2**20
MAX_PAGES = 20_000
MOST_HEADINGS = 2000
_HEADER_WITHIN = 4096
_DATE = re.compile(r"D?:?\s*(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?\s*([-+Z])?(\d\d)?'?(\d\d)?")
_PLACEHOLDERS = frozenset({"untitled", "anonymous", "unspecified", "unknown"})


@dataclass(slots=True)
class OpenPdf:
    """An open file: pdfium's document, its form (None without), pages, the password that fits."""

    pdf: Any
    form: Any
    count: int
    password: str | None = None


@contextmanager
def open_pdf(
    blob: Blob, *, forms: bool = True, passwords: Sequence[str] = (), max_pages: int = MAX_PAGES
) -> Iterator[OpenPdf]:
    """Open a PDF; ``passwords`` are tried in turn on one that is encrypted.

    Raises `FileError`: ``encrypted``, ``malformed``, ``too_large``, ``unsupported``, ``changed``
    when the file was written to while it was read.
    """
    seen = _state(blob)
    pdf, password = _unlocked(_source(blob), passwords)
    with pdf:
        if forms and pdf.get_formtype():
            pdf.init_forms()
        form = pdf.formenv
        # Pages are loaded without it: pdfium would walk the whole tree of fields for each, and a
        # tree whose nodes hold the next one twice has no end.
        pdf.formenv = None
        try:
            yield OpenPdf(pdf, form, _count(pdf, max_pages), password)
        finally:
            pdf.formenv = form
    if _state(blob) != seen:
        raise FileError("was changed while it was read; read it again", kind="changed")


def bytes_of(blob: Blob) -> bytes:
    """Return the whole file. Raises `FileError` for what has no mark of a PDF."""
    data = blob.read(MAX_BYTES)
    if b"%PDF-" not in data[:_HEADER_WITHIN]:
        raise FileError("is not a PDF file")
    return data


def _source(blob: Blob) -> Any:
    if blob.path is not None and blob.data is None and not blob.gzipped:
        return Path(blob.path)
    return bytes_of(blob)


def _state(blob: Blob) -> tuple[int, ...] | None:
    if blob.path is None or blob.data is not None:
        return None
    try:
        status = os.stat(blob.path)  # noqa: PTH116 - a path is a text here
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _unlocked(source: Any, passwords: Sequence[str]) -> tuple[Any, str | None]:
    """Open with no password, then with each."""
    import pypdfium2

    first: FileError | None = None
    for password in (None, *passwords):
        # An earlier failure's reason would be told for this one.
        pypdfium2.raw.FPDF_LoadMemDocument64(b"-", 1, None)
        try:
            return pypdfium2.PdfDocument(source, password=password), password
        except pypdfium2.PdfiumError as error:
            failure = _unopened(error, tried=len(passwords))
            failure.__cause__ = error
            first = first or failure
            if failure.kind != "encrypted":
                raise failure from error
    assert first is not None
    raise first


def _unopened(error: Exception, tried: int) -> FileError:
    from pypdfium2 import raw

    code = getattr(error, "err_code", None)
    if code == raw.FPDF_ERR_PASSWORD:
        what = "and none of the given passwords opens it" if tried else "and needs a password"
        return FileError(f"is encrypted {what}", kind="encrypted")
    if code == raw.FPDF_ERR_SECURITY:
        return FileError("is encrypted in a way that cannot be read", kind="encrypted")
    return FileError("is a broken PDF file, or none")


def _count(pdf: Any, most: int) -> int:
    count = len(pdf)
    if count < 1:
        raise FileError("has no pages")
    if count > most:
        raise FileError(f"claims {count} pages; {most} are read at most", kind="too_large")
    return count


def metadata_of(pdf: Any) -> dict[str, Any]:
    """Return ``title``, ``author``, ``subject`` and ``date`` (ISO 8601), those that are known."""
    found: dict[str, Any] = {}
    for name, key in (("title", "Title"), ("author", "Author"), ("subject", "Subject")):
        value = clean(pdf.get_metadata_value(key)).strip()
        if value and value.strip("()").lower() not in _PLACEHOLDERS:
            found[name] = value
    for key in ("CreationDate", "ModDate"):
        date = iso_date(pdf.get_metadata_value(key))
        if date:
            found["date"] = date
            break
    return found


def iso_date(raw: str) -> str | None:
    """Return a PDF date as ISO 8601, as exact as it is."""
    match = _DATE.match(raw.strip())
    if not match:
        return None
    year, month, day, hour, minute, second, sign, off_hour, off_minute = match.groups()
    if not (month and day and "01" <= month <= "12" and "01" <= day <= "31"):
        return str(year)
    date = f"{year}-{month}-{day}"
    if not (hour and minute):
        return date
    zone = {"Z": "Z", None: ""}.get(sign, f"{sign}{off_hour or '00'}:{off_minute or '00'}")
    return f"{date}T{hour}:{minute}:{second or '00'}{zone}"


def outline_of(pdf: Any) -> tuple[tuple[int, str, int | None], ...]:
    """Return the outline: level from 0, title, page from 1 (None where it leads elsewhere)."""
    import pypdfium2

    logging.getLogger("pypdfium2").setLevel(logging.CRITICAL)  # it tells of loops on stderr
    found: list[tuple[int, str, int | None]] = []
    try:
        for mark in itertools.islice(pdf.get_toc(), MOST_HEADINGS):
            place = mark.get_dest()
            index = place.get_index() if place is not None else None
            title = clean(mark.get_title()).strip()
            found.append((mark.level, title, index + 1 if index is not None else None))
    except pypdfium2.PdfiumError:
        pass  # a broken outline is no reason to give up the pages
    return tuple(found)
