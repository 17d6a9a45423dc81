"""PDF files made for tests, invented from the first word to the last."""

from __future__ import annotations

import io
from collections.abc import Sequence

from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas


def pdf(
    *pages: Sequence[str],
    password: str | None = None,
    form: bool = False,
    note: str = "",
) -> bytes:
    """Return a PDF whose pages hold these lines."""
    out = io.BytesIO()
    encrypt = StandardEncryption(password, canPrint=1) if password is not None else None
    sheet = canvas.Canvas(out, pagesize=A4, encrypt=encrypt, invariant=1)
    sheet.setTitle("The Title")
    for number, lines in enumerate(pages, 1):
        sheet.bookmarkPage(f"p{number}")
        sheet.addOutlineEntry(f"Chapter {number}", f"p{number}")
        for place, line in enumerate(lines):
            sheet.drawString(72, 760 - 16 * place, line)
        if form:
            sheet.acroForm.textfield(name="city", value="Ulm", x=72, y=500)
        if note:
            sheet.textAnnotation(note, Rect=[72, 300, 100, 330])
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def pages(count: int) -> bytes:
    """Return a PDF of so many pages, each of which says its number."""
    kids = " ".join(f"{3 + 2 * number} 0 R" for number in range(1, count + 1))
    font = "<</Font<</F 3 0 R>>>>"
    objects = {
        1: "<</Type/Catalog/Pages 2 0 R>>",
        2: f"<</Type/Pages/Count {count}/Kids[{kids}]/Resources {font}/MediaBox[0 0 595 842]>>",
        3: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        4: "<</Note(none)>>",
    }
    for number in range(1, count + 1):
        text = f"BT /F 12 Tf 72 700 Td (Page {number} of the book) Tj ET"
        objects[3 + 2 * number] = f"<</Type/Page/Parent 2 0 R/Contents {4 + 2 * number} 0 R>>"
        objects[4 + 2 * number] = f"<</Length {len(text)}>>stream\n{text}\nendstream"
    return raw(objects)


def invoice(number: int) -> bytes:
    """Return an invoice of nobody to nobody."""
    return pdf([f"Invoice number: INV-{number}", "Date: 2026-03-01", "Total: 12.50 EUR"])


def scan(*lines: str) -> bytes:
    """Return a PDF of one page that is a picture of these lines."""
    from PIL import Image, ImageDraw, ImageFont
    from reportlab.lib.utils import ImageReader

    picture = Image.new("L", (1240, 1754), 255)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=44)
    for place, line in enumerate(lines):
        pen.text((120, 150 + 110 * place), line, font=font, fill=0)
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A4)
    sheet.drawImage(ImageReader(picture), 0, 0, *A4)
    sheet.save()
    return out.getvalue()


def raw(objects: dict[int, str], root: int = 1) -> bytes:
    """Return a PDF of hand-written objects, its table of places right."""
    out = b"%PDF-1.7\n"
    places = {}
    for number, body in objects.items():
        places[number] = len(out)
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    for number in range(1, len(objects) + 1):
        out += f"{places[number]:010} 00000 n \n".encode()
    out += f"trailer\n<</Size {len(objects) + 1}/Root {root} 0 R>>\n".encode()
    return out + f"startxref\n{start}\n%%EOF\n".encode()


def many_pages(count: int) -> bytes:
    """Return a small file that has very many pages: one object, named again and again."""
    kids = " ".join(["3 0 R"] * count)
    return raw(
        {
            1: "<</Type/Catalog/Pages 2 0 R>>",
            2: f"<</Type/Pages/Count {count}/Kids[{kids}]>>",
            3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
        }
    )


def looped_tree() -> bytes:
    """Return a file whose tree of pages holds itself."""
    return raw(
        {
            1: "<</Type/Catalog/Pages 2 0 R>>",
            2: "<</Type/Pages/Count 2/Kids[3 0 R 3 0 R]>>",
            3: "<</Type/Pages/Parent 2 0 R/Count 9/Kids[2 0 R 3 0 R]>>",
        }
    )


class Letters:
    """An extractor of a user: how many letters a text has, and what its first line says."""

    def extract(self, text: str, fields: object) -> dict[str, object]:
        """Return both."""
        return {"letters": len(text), "first": text.partition("\n")[0]}
