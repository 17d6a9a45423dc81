"""Scanned pages read by the tesseract program (extra ``ocr``): one process a page, killable."""

from __future__ import annotations

import functools
import io
import os
import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from ai_catalyst.documents.readers.pdf_layout import lay_out
from ai_catalyst.documents.readers.pdf_page import Page
from ai_catalyst.documents.readers.pdf_text import Box, clean
from ai_catalyst.errors import FileError, FileTimeout, UserError

__all__ = ["ocr_available", "ocr_languages", "ocr_page"]

DPI = 300
MOST_PIXELS = 40_000_000
"""An A3 page at 300 dpi has 17 million; what is larger is drawn smaller."""
_LEVEL, _LEFT, _TOP, _WIDTH, _HEIGHT, _SURE, _TEXT = 0, 6, 7, 8, 9, 10, 11
_WORD_LEVEL = "5"
_LEAST_SURE = 20.0


def ocr_available() -> bool:
    """Whether the tesseract program and Pillow are installed."""
    return shutil.which("tesseract") is not None and find_spec("PIL") is not None


@functools.cache
def ocr_languages() -> tuple[str, ...]:
    """Return the languages tesseract has data for."""
    program = shutil.which("tesseract")
    if program is None:
        return ()
    answer = subprocess.run(  # noqa: S603 - the program that was found
        [program, "--list-langs"], capture_output=True, text=True, timeout=20, check=False
    )
    names = answer.stdout.splitlines()[1:]
    return tuple(name for name in names if name not in {"osd", "equ"})


def ocr_page(pdf: Any, number: int, languages: Sequence[str] = (), timeout_s: float = 60.0) -> Page:
    """Draw a page and have tesseract read it: text, words with their boxes, layout.

    ``languages`` are tesseract's names (``eng``, ``deu``); none is English, or what there is.
    Raises `FileError`, `FileTimeout`, and `UserError` when it is not installed.
    """
    program = shutil.which("tesseract")
    if program is None or find_spec("PIL") is None:
        raise UserError(
            "OCR needs the tesseract program (Debian: apt-get install tesseract-ocr) and "
            "pip install '.[ocr]'"
        )
    picture, width, height, points = _drawn(pdf, number)
    command = [program, "stdin", "stdout", "-l", "+".join(_chosen(languages))]
    command += ["--dpi", str(DPI), "--psm", "3", "tsv"]
    try:
        answer = subprocess.run(  # noqa: S603 - the program that was found
            command,
            input=picture,
            capture_output=True,
            timeout=timeout_s,
            check=True,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise FileTimeout(f"OCR of page {number} took too long", kind="timeout") from error
    except (subprocess.CalledProcessError, OSError) as error:
        raise FileError(f"OCR of page {number} failed") from error
    text, words = _read(answer.stdout.decode("utf-8", "replace"), points)
    return Page(number, text, layout=lay_out(words), words=tuple(words), width=width, height=height)


def _chosen(languages: Sequence[str]) -> Sequence[str]:
    known = ocr_languages()
    if not languages:
        return ("eng",) if "eng" in known or not known else known[:1]
    if missing := [name for name in languages if name not in known]:
        raise UserError(
            f"tesseract has no data for {', '.join(missing)}; it has {', '.join(known)}"
        )
    return languages


def _drawn(pdf: Any, number: int) -> tuple[bytes, float, float, float]:
    """Return a grey picture of the page (PGM), its size in points, and points in a pixel."""
    import pypdfium2

    try:
        page = pdf[number - 1]
        try:
            width, height = page.get_size()
            scale = min(DPI / 72, (MOST_PIXELS / max(1.0, width * height)) ** 0.5)
            image = page.render(scale=scale, grayscale=True).to_pil()
        finally:
            page.close()
    except pypdfium2.PdfiumError as error:
        raise FileError(f"page {number} cannot be drawn") from error
    out = io.BytesIO()
    image.save(out, format="PPM")
    return out.getvalue(), width, height, 1 / scale


def _read(table: str, points: float) -> tuple[str, list[tuple[str, Box]]]:
    """Return text and words of tesseract's table, a row a word."""
    lines: dict[tuple[str, ...], list[str]] = {}
    words: list[tuple[str, Box]] = []
    for row in table.splitlines():
        cells = row.split("\t")
        if len(cells) <= _TEXT or cells[_LEVEL] != _WORD_LEVEL:
            continue
        word = clean(cells[_TEXT]).strip()
        if not word or float(cells[_SURE]) < _LEAST_SURE:
            continue
        left, top, wide, high = (float(cells[at]) * points for at in (_LEFT, _TOP, _WIDTH, _HEIGHT))
        box = (round(left, 2), round(top, 2), round(left + wide, 2), round(top + high, 2))
        words.append((word, box))
        lines.setdefault(tuple(cells[1:5]), []).append(word)
    text = ""
    block = ""
    for place, line in lines.items():
        text += ("\n\n" if block and place[1] != block else "\n") if text else ""
        text += " ".join(line)
        block = place[1]
    return text, words
