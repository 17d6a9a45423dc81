"""A page as a picture: drawn in a worker, with places marked; what cannot be drawn is told."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from reportlab.pdfgen import canvas

from ai_catalyst.engine.workers import WorkerPool
from ai_catalyst.errors import FileError
from ai_catalyst.pdf import page_image as module
from ai_catalyst.pdf.page_image import Mark, draw_page, page_image


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "two.pdf"
    page = canvas.Canvas(str(made), pagesize=(200, 300))
    for number in (1, 2):
        page.drawString(20, 250, f"page {number}")
        page.showPage()
    page.save()
    return made


def picture(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


async def test_a_page_is_drawn_to_its_width(path: Path) -> None:
    drawn = picture(await page_image(path, 2, width=400))
    assert drawn.size == (400, 600)
    assert drawn.getpixel((5, 5)) == (255, 255, 255)


def test_marks_stand_where_they_are_and_differ_in_shape_and_colour(path: Path) -> None:
    marks = (Mark((20, 100, 60, 120), strong=True), Mark((20, 200, 60, 220)))
    drawn = picture(draw_page(str(path), 1, marks, 400))
    strong, quiet = drawn.getpixel((80, 195 + 1)), drawn.getpixel((80, 445))
    assert strong == module._STRONG
    assert quiet[2] > 150 > quiet[0]
    assert drawn.getpixel((300, 500)) == (255, 255, 255)


def test_boxes_the_wrong_way_round_or_outside_hurt_nothing(path: Path) -> None:
    marks = (Mark((60, 120, 20, 100), strong=True), Mark((-900, -900, 9000, 9000)))
    assert picture(draw_page(str(path), 1, marks, 100)).size == (100, 150)


def test_a_very_tall_page_stays_small(tmp_path: Path) -> None:
    tall = tmp_path / "tall.pdf"
    page = canvas.Canvas(str(tall), pagesize=(100, 14_000))
    page.showPage()
    page.save()
    assert max(picture(draw_page(str(tall), 1, (), 500)).size) <= 1001


async def test_what_cannot_be_drawn_is_a_file_error_with_its_path(
    path: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 nothing")
    for file, number in ((broken, 1), (tmp_path / "missing.pdf", 1), (path, 3), (path, 0)):
        with pytest.raises(FileError) as caught:
            await page_image(file, number)
        assert caught.value.path == str(file)


async def test_it_is_drawn_in_another_process(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with WorkerPool(1) as pool:
        monkeypatch.setattr(module, "shared_pool", lambda: pool)
        await page_image(path, 1)
        assert await pool.run(os.getpid) != os.getpid()
