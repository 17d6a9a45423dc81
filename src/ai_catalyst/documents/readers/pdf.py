"""PDF: the text of each page with its annotations and form values. Only ever run in a worker.

pdfium crashes on some broken files and is not safe in threads: see `Reader.hostile`. What pdfium
cannot open, or finds empty though it should not be, pypdf is asked about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.readers.pdf_file import MAX_BYTES, OpenPdf, metadata_of, open_pdf
from ai_catalyst.documents.readers.pdf_page import Page, read_page
from ai_catalyst.documents.readers.pdf_second import SecondOpinion
from ai_catalyst.documents.readers.registry import Data, Reader, Sample
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai_catalyst.documents.blob import Blob

__all__ = ["READERS", "Page", "read_pages", "read_pdf", "read_pdf_plain"]


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
    second = SecondOpinion(blob)
    try:
        with open_pdf(blob, forms=forms) as file:
            texts = [_text(file, number, second) for number in range(1, file.count + 1)]
            about = metadata_of(file.pdf)
    except FileError as error:
        if error.kind != "malformed" or not (count := second.count()):
            raise
        second = SecondOpinion(blob, most=count)
        texts = [second.text(number) for number in range(1, count + 1)]
        about = second.metadata()
    if all(text is None for text in texts):
        raise FileError("none of its pages can be read")
    return {**_joined(texts), **about}


def _text(file: OpenPdf, number: int, second: SecondOpinion) -> str | None:
    """Return the text of a page, None when nobody can read it."""
    try:
        page = read_page(file.pdf, file.form, number)
    except FileError:
        return second.text(number)
    if page.suspect and (other := second.text(number)):
        return other
    return page.whole


def _joined(texts: list[str | None]) -> dict[str, Any]:
    starts: list[int] = []
    place = 0
    for text in texts:
        starts.append(place)
        place += len(text or "") + 2
    data: dict[str, Any] = {
        "text": "\n\n".join(text or "" for text in texts),
        "pages": len(texts),
        "page_starts": starts,
    }
    if blank := sum(not (text or "").strip() for text in texts):
        data["pages_without_text"] = blank
    if broken := [number for number, text in enumerate(texts, 1) if text is None]:
        data["pages_broken"] = broken
    return data


def read_pages(blob: Blob) -> Iterator[Page]:
    """Yield page by page; a page that cannot be read raises `FileError`."""
    with open_pdf(blob) as file:
        for number in range(1, file.count + 1):
            yield read_page(file.pdf, file.form, number)


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
        version=2,
        rescue=read_pdf_plain,
        max_bytes=MAX_BYTES,
    ),
)
