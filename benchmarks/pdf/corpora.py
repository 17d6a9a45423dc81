"""PDF files to measure with, made on the spot: the same every time, and nobody's."""

import io
import logging
import os
import random
import re
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

WORDS = re.findall(
    r"\w+",
    "invoice total amount date customer number order delivery article price quantity tax net "
    "gross payment bank account reference street city country telephone and the of for with "
    "terms within thirty days please remit balance due subject to conditions overleaf",
)


def document(pages, lines, seed):
    """Return a PDF of so many pages of so many lines of eleven words."""
    chance = random.Random(seed)
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A4, invariant=1)
    for _ in range(pages):
        sheet.setFont("Helvetica", 10)
        for line in range(lines):
            sheet.drawString(60, 780 - 16 * line, " ".join(chance.choices(WORDS, k=11)))
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def write(folder, name, count, pages, lines):
    """Write ``count`` documents into a folder of its own; ``pages`` is a number, or a choice."""
    place = folder / name
    place.mkdir()
    chance = random.Random(name)
    for number in range(count):
        many = pages if isinstance(pages, int) else chance.choice(pages)
        (place / f"{number:04}.pdf").write_bytes(document(many, lines, number))
    return sorted(place.iterdir())


def shared_data():
    """Return the folder of shared PDF files, which may not be there."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("CATALYST_TEST_DATA", default)) / "pdf"


def ordinary(folder):
    """Return real files that every peer reads, of up to 3 MB; invented ones where there are none.

    What real programs write costs pypdf three times what our own lines of text do.
    """
    import pypdf
    import pypdfium2

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    files = []
    for file in sorted(shared_data().glob("plain/**/*.pdf")):
        if file.stat().st_size > 3e6:
            continue
        try:
            pypdfium2.PdfDocument(file).close()
            texts = [page.extract_text() for page in pypdf.PdfReader(file).pages]
        except Exception:
            continue
        if len(texts) <= 20 and any(text.strip() for text in texts):
            files.append(file)
    return files or write(folder, "ordinary", 60, (1, 2, 3, 8, 16), 40)
