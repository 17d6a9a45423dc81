"""One page: its text, its words with their boxes when asked for, its notes and form values."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from ai_catalyst.documents.readers.pdf_layout import lay_out
from ai_catalyst.documents.readers.pdf_text import Box, Frame, clean, raw_text, words_of
from ai_catalyst.errors import FileError

__all__ = ["Page", "read_page"]

_MOST_NOTES = 10_000
_MOST_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its number from 1, its text in reading order, its notes and form values.

    ``layout``, ``words``, ``width`` and ``height`` are there when they were asked for; ``suspect``
    says that the page seems to hold text and gave none, ``blank`` that nothing at all is on it.
    """

    number: int
    text: str
    notes: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    layout: str = ""
    words: tuple[tuple[str, Box], ...] = ()
    width: float = 0.0
    height: float = 0.0
    suspect: bool = False
    blank: bool = False

    @property
    def whole(self) -> str:
        """The text, followed by form values and notes that it does not hold already."""
        return self._with_rest(self.text)

    @property
    def whole_layout(self) -> str:
        """The layout, followed by the same."""
        return self._with_rest(self.layout)

    def _with_rest(self, text: str) -> str:
        if not self.fields and not self.notes:
            return text
        parts = [text]
        parts += [
            f"{name}: {value}" if name else value
            for name, value in self.fields
            if value not in self.text
        ]
        parts += [note for note in self.notes if note not in self.text]
        return "\n".join(part for part in parts if part)


def read_page(pdf: Any, form: Any, number: int, *, places: bool = False) -> Page:
    """Read a page of an open file; with ``places`` also where its words stand.

    Raises `FileError` when pdfium cannot load it.
    """
    from pypdfium2 import raw

    # The library's own page objects cost as much as a page with little on it.
    page = raw.FPDF_LoadPage(pdf.raw, number - 1)
    if not page:
        raise FileError(f"page {number} cannot be read")
    try:
        textpage = raw.FPDFText_LoadPage(page)
        if not textpage:
            raise FileError(f"page {number} cannot be read")
        try:
            rough = raw_text(textpage)
            words: list[tuple[str, Box]] = []
            width = height = 0.0
            if places:
                frame = Frame(page)
                width, height = frame.width, frame.height
                words = words_of(textpage, rough, frame)
        finally:
            raw.FPDFText_ClosePage(textpage)
        notes, fields = _annotations(form, page)
        text = clean(rough)
        suspect = blank = False
        if not text.strip():
            blank, suspect = _bareness(page)
    finally:
        raw.FPDF_ClosePage(page)
    layout = lay_out(words) if words else ""
    return Page(number, text, notes, fields, layout, tuple(words), width, height, suspect, blank)


def _bareness(page: Any) -> tuple[bool, bool]:
    """Whether nothing is on a page without text, and whether it should have some.

    It should when it has text objects, or forms that may hold them, or when there is nothing at
    all, which may be a page that pdfium does not understand.
    """
    from pypdfium2 import raw

    count = raw.FPDFPage_CountObjects(page)
    if count <= 0:
        return True, True
    kinds = {raw.FPDF_PAGEOBJ_TEXT, raw.FPDF_PAGEOBJ_FORM}
    return False, any(
        raw.FPDFPageObj_GetType(raw.FPDFPage_GetObject(page, index)) in kinds
        for index in range(min(count, _MOST_LOOKED_AT))
    )


def _annotations(form: Any, page: Any) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return the texts of notes, and name and value of form fields, in page order."""
    from pypdfium2 import raw

    notes: list[str] = []
    fields: list[tuple[str, str]] = []
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST_NOTES)):
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
    return clean(buffer.raw[: size - 2].decode("utf-16-le", "replace")).strip()
