from __future__ import annotations

import io
from pathlib import Path

import pytest
from reading import read
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas

from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.parsing import all_items
from ai_catalyst.documents.readers.pdf import read_pages, read_pdf
from ai_catalyst.documents.readers.pdf_file import iso_date
from ai_catalyst.errors import FileError


def pdf(
    *pages: list[str], password: str | None = None, form: bool = False, note: str = ""
) -> bytes:
    out = io.BytesIO()
    encrypt = StandardEncryption(password, canPrint=1) if password is not None else None
    sheet = canvas.Canvas(out, pagesize=A4, encrypt=encrypt)
    sheet.setTitle("The Title")
    sheet.setAuthor("Ann Example")
    for lines in pages:
        for place, line in enumerate(lines):
            sheet.drawString(72, 760 - 16 * place, line)
        if form:
            sheet.acroForm.textfield(name="city", value="Ulm", x=72, y=500)
            sheet.acroForm.checkbox(name="member", checked=True, x=72, y=450)
            sheet.acroForm.checkbox(name="guest", checked=False, x=72, y=400)
        if note:
            sheet.textAnnotation(note, Rect=[72, 300, 100, 330])
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def test_the_text_of_each_page_and_the_metadata_are_read() -> None:
    (data,) = read("pdf", pdf(["First page", "two lines"], ["Second page"]))
    assert data["text"] == "First page\ntwo lines\n\nSecond page"
    assert data["pages"] == 2
    assert data["text"][data["page_starts"][1] :] == "Second page"
    assert (data["title"], data["author"]) == ("The Title", "Ann Example")
    assert data["date"][:2] == "20"
    assert "pages_without_text" not in data


def test_form_values_and_notes_are_text_too() -> None:
    (data,) = read("pdf", pdf(["Form"], form=True, note="Call back on Monday"))
    lines = data["text"].split("\n")
    assert lines[0] == "Form"
    assert any(line.startswith("city: Ulm") or line == "Ulm" for line in lines)
    assert any(line.startswith("member: ") for line in lines)
    assert not any(line.startswith("guest") for line in lines)
    assert "Call back on Monday" in lines


def test_pages_without_text_are_counted() -> None:
    (data,) = read("pdf", pdf([], ["words"], []))
    assert data["pages_without_text"] == 2


def test_an_encrypted_file_says_so_and_an_empty_password_is_none() -> None:
    (error,) = read("pdf", pdf(["secret"], password="open sesame"))
    assert isinstance(error, FileError)
    assert error.kind == "encrypted"
    assert "password" in str(error)
    (data,) = read("pdf", pdf(["public"], password=""))
    assert data["text"] == "public"


@pytest.mark.parametrize(
    "data", [b"no PDF", b"%PDF-1.4\n", pdf(["x"])[:200], b"%PDF-1.7" + bytes(5000)]
)
def test_what_is_broken_is_malformed(data: bytes) -> None:
    (error,) = read("pdf", data)
    assert isinstance(error, FileError)
    assert error.kind == "malformed"


def test_a_file_is_read_by_its_path_and_after_some_junk(tmp_path: Path) -> None:
    path = tmp_path / "f.pdf"
    path.write_bytes(pdf(["by path"]))
    (data,) = all_items(read_pdf, Blob("f.pdf", str(path)))
    assert data["text"] == "by path"
    assert read("pdf", b"HTTP junk\r\n" + pdf(["late"]))[0]["text"] == "late"


def test_pages_come_one_by_one() -> None:
    pages = list(read_pages(Blob("f", data=pdf(["one"], ["two"]))))
    assert [(page.number, page.text) for page in pages] == [(1, "one"), (2, "two")]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("D:20240305141500+01'00'", "2024-03-05T14:15:00+01:00"),
        ("D:20240305141500Z", "2024-03-05T14:15:00Z"),
        ("D:20240305", "2024-03-05"),
        ("20240305", "2024-03-05"),
        ("D:2024", "2024"),
        ("D:20241399", "2024"),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_become_iso(raw: str, expected: str | None) -> None:
    assert iso_date(raw) == expected
