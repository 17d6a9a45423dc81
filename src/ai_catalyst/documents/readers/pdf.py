"""PDF: the text of each page with its annotations and form values. Only ever run in a worker.

pdfium crashes on some broken files and is not safe in threads: see `Reader.hostile`.
"""

from __future__ import annotations

import ctypes
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.readers.registry import Data, Reader, Sample
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai_catalyst.documents.blob import Blob

__all__ = ["READERS", "Page", "read_pages", "read_pdf", "read_pdf_plain"]

MAX_BYTES = 256 * 2**20
MAX_PAGES = 20_000
_DATE = re.compile(r"D?:?\s*(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?\s*([-+Z])?(\d\d)?'?(\d\d)?")
_PLACEHOLDERS = frozenset({"untitled", "anonymous", "unspecified", "unknown"})
_ODD_BREAKS = re.compile("\ufffe\r?\n?|\x02\r?\n?")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its number from 1, its text in reading order, its notes and form values."""

    number: int
    text: str
    notes: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def whole(self) -> str:
        """The text, followed by form values and notes that it does not hold already."""
        parts = [self.text]
        parts += [
            f"{name}: {value}" if name else value
            for name, value in self.fields
            if value not in self.text
        ]
        parts += [note for note in self.notes if note not in self.text]
        return "\n".join(part for part in parts if part)


def read_pdf(blob: Blob) -> Iterator[Data]:
    """Yield one item: ``text`` and ``pages``, their count; ``title, author, date`` where known.

    ``page_starts`` are the places in ``text`` where pages begin; ``pages_without_text`` counts
    those that have none (scans). Raises `FileError`: ``encrypted``, ``malformed``, ``too_large``.
    """
    yield _read(blob, forms=True)


def read_pdf_plain(blob: Blob) -> Iterator[Data]:
    """Yield what `read_pdf` does, without form values: they may be what killed a worker."""
    yield _read(blob, forms=False)


def _read(blob: Blob, *, forms: bool) -> dict[str, Any]:
    with _document(blob, forms=forms) as (pdf, form):
        texts: list[str] = []
        starts: list[int] = []
        place = blank = 0
        broken: list[int] = []
        for number in range(1, _count(pdf) + 1):
            starts.append(place)
            try:
                text = _page(pdf, form, number).whole
            except FileError:
                broken.append(number)
                text = ""
            blank += not text.strip()
            texts.append(text)
            place += len(text) + 2
        if len(broken) == len(texts):
            raise FileError("none of its pages can be read")
        data = {"text": "\n\n".join(texts), "pages": len(texts), "page_starts": starts}
        if blank:
            data["pages_without_text"] = blank
        if broken:
            data["pages_broken"] = broken
        return {**data, **_metadata(pdf)}


def read_pages(blob: Blob) -> Iterator[Page]:
    """Yield page by page; a page that cannot be read raises `FileError`."""
    with _document(blob) as (pdf, form):
        for number in range(1, _count(pdf) + 1):
            yield _page(pdf, form, number)


def _count(pdf: Any) -> int:
    count = len(pdf)
    if count < 1:
        raise FileError("has no pages")
    if count > MAX_PAGES:
        raise FileError(f"claims {count} pages; {MAX_PAGES} are read at most", kind="too_large")
    return count


@contextmanager
def _document(blob: Blob, *, forms: bool = True) -> Iterator[tuple[Any, Any]]:
    """Open a PDF and its form, None when there is none."""
    import pypdfium2

    if blob.path is not None and blob.data is None and not blob.gzipped:
        source: Any = Path(blob.path)
    else:
        source = blob.read(MAX_BYTES)
        if b"%PDF-" not in source[:4096]:
            raise FileError("is not a PDF file")
    pypdfium2.raw.FPDF_LoadMemDocument64(b"-", 1, None)  # or an earlier failure's reason is told
    try:
        pdf = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        raise _unopened(error) from error
    with pdf:
        if forms and pdf.get_formtype():
            pdf.init_forms()
        form = pdf.formenv
        # Pages are loaded without it: pdfium would walk the whole tree of fields for each, and a
        # tree whose nodes hold the next one twice has no end.
        pdf.formenv = None
        try:
            yield pdf, form
        finally:
            pdf.formenv = form


def _unopened(error: Exception) -> FileError:
    from pypdfium2 import raw

    code = getattr(error, "err_code", None)
    if code == raw.FPDF_ERR_PASSWORD:
        return FileError("is encrypted and needs a password", kind="encrypted")
    if code == raw.FPDF_ERR_SECURITY:
        return FileError("is encrypted in a way that cannot be read", kind="encrypted")
    return FileError("is a broken PDF file, or none")


def _metadata(pdf: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, key in (("title", "Title"), ("author", "Author"), ("subject", "Subject")):
        value = _clean(pdf.get_metadata_value(key)).strip()
        if value and value.strip("()").lower() not in _PLACEHOLDERS:
            found[name] = value
    for key in ("CreationDate", "ModDate"):
        date = _date(pdf.get_metadata_value(key))
        if date:
            found["date"] = date
            break
    return found


def _date(raw: str) -> str | None:
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


def _page(pdf: Any, form: Any, number: int) -> Page:
    import pypdfium2

    try:
        page = pdf[number - 1]
    except pypdfium2.PdfiumError as error:
        raise FileError(f"page {number} cannot be read") from error
    try:
        textpage = page.get_textpage()
        text = _clean(textpage.get_text_range())
        textpage.close()
        notes, fields = _annotations(form, page)
    except pypdfium2.PdfiumError as error:
        raise FileError(f"page {number} cannot be read") from error
    finally:
        page.close()
    return Page(number, text, notes, fields)


def _clean(text: str) -> str:
    """Mend pdfium's signs: soft hyphens at line ends, line ends, and letters no font names."""
    text = _ODD_BREAKS.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text)


def _annotations(form: Any, page: Any) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return the texts of notes, and name and value of form fields, in page order."""
    from pypdfium2 import raw

    notes: list[str] = []
    fields: list[tuple[str, str]] = []
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), 10_000)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            subtype = raw.FPDFAnnot_GetSubtype(annotation)
            if subtype == raw.FPDF_ANNOT_WIDGET:
                if form is not None:
                    field = _field(form, annotation)
                    fields.extend([field] if field and field not in fields else [])
            elif subtype not in {raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP}:
                note = _string(
                    lambda *a, it=annotation: raw.FPDFAnnot_GetStringValue(it, b"Contents", *a)
                )
                notes.extend([note] if note and note not in notes else [])
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    return tuple(notes), tuple(fields)


def _field(form: Any, annotation: Any) -> tuple[str, str] | None:
    from pypdfium2 import raw

    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    name = _string(lambda *a: raw.FPDFAnnot_GetFormFieldName(form, annotation, *a))
    if kind in {raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON}:
        state = _string(lambda *a: raw.FPDFAnnot_GetStringValue(annotation, b"AS", *a))
        return (name, state) if state and state != "Off" else None
    if kind in {raw.FPDF_FORMFIELD_PUSHBUTTON, raw.FPDF_FORMFIELD_SIGNATURE}:
        return None
    value = _string(lambda *a: raw.FPDFAnnot_GetFormFieldValue(form, annotation, *a))
    return (name, value) if value else None


def _string(call: Any) -> str:
    """Call a pdfium function that fills a buffer of UTF-16, first for its size."""
    size = call(None, 0)
    if size <= 2 or size > 2**24:
        return ""
    buffer = ctypes.create_string_buffer(size)
    from pypdfium2 import raw

    call(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return _clean(buffer.raw[: size - 2].decode("utf-16-le", "replace")).strip()


def sniff_pdf(sample: Sample) -> int:
    """Know a PDF by its mark, which may stand behind some junk."""
    place = sample.head.find(b"%PDF-", 0, 1024)
    if place < 0:
        return 0
    return 100 if place == 0 or sample.extension == "pdf" else 70


READERS = (
    Reader(
        "pdf",
        read_pdf,
        extensions=("pdf",),
        media_types=("application/pdf", "application/x-pdf"),
        sniff=sniff_pdf,
        hostile=True,
        rescue=read_pdf_plain,
        max_bytes=MAX_BYTES,
    ),
)
