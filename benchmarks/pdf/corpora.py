"""PDF files to measure with, made on the spot: the same every time, and nobody's."""

import io
import random
import re

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
