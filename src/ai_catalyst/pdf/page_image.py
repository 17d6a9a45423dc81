"""A page as a picture with places marked on it; drawn in a process that can be killed.

pdfium is not safe in threads and crashes on some broken files, so no thread of ours ever calls it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ai_catalyst.engine.workers import WorkerPool, shared_pool
from ai_catalyst.errors import FileError
from ai_catalyst.pdf.model import Box

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Mark", "draw_page", "page_image", "warm"]

WIDTH = 1000
"""Pixels of a picture; a tall page gets fewer, so that its height stays below twice that."""
TIMEOUT_S = 20.0
_STRONG = (213, 94, 0)
_QUIET = (0, 114, 178)
"""Vermilion and blue of the Okabe-Ito palette: told apart whatever colours somebody sees."""
_MARGIN = 2.5  # points around a mark, so that it does not touch its words


class Mark(NamedTuple):
    """A place on a page; ``strong`` is the one that is looked at. It differs in shape too."""

    box: Box
    strong: bool = False


async def page_image(
    path: Path | str,
    number: int,
    marks: Sequence[Mark] = (),
    *,
    width: int = WIDTH,
    pool: WorkerPool | None = None,
) -> bytes:
    """Return page ``number`` (from 1) as PNG, drawn in ``pool`` (None: the shared one).

    Raises `FileError` for a file or page that cannot be drawn, and `WorkerError` when drawing it
    crashed, took too long or too much memory.
    """
    return await (pool or shared_pool()).run(
        draw_page, str(path), number, tuple(marks), width, timeout=TIMEOUT_S
    )


def warm() -> None:
    """Import what drawing needs, so that the first picture does not wait for it."""
    from importlib import import_module

    for name in ("pypdfium2", "PIL.Image", "PIL.ImageDraw", "PIL.PngImagePlugin"):
        import_module(name)


def draw_page(path: str, number: int, marks: Sequence[Mark], width: int) -> bytes:
    """Draw a page, here and now: only ever run in a worker."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(path) as pdf:
            if not 1 <= number <= len(pdf):
                raise FileError(f"has no page {number}", path=path)
            page = pdf[number - 1]
            across, down = page.get_size()
            scale = min(width / max(across, 1.0), 2 * width / max(down, 1.0))
            picture: Any = page.render(scale=scale).to_pil().convert("RGB")
    except (pypdfium2.PdfiumError, OSError) as error:
        raise FileError(f"page {number} cannot be drawn", path=path) from error
    return _png(_marked(picture, marks, scale))


def _marked(picture: Image, marks: Sequence[Mark], scale: float) -> Image:
    from PIL import Image, ImageDraw

    veil = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(veil)
    for mark in sorted(marks, key=lambda mark: mark.strong):
        left, top, right, bottom = mark.box
        corners = [
            (min(left, right) - _MARGIN) * scale,
            (min(top, bottom) - _MARGIN) * scale,
            (max(left, right) + _MARGIN) * scale,
            (max(top, bottom) + _MARGIN) * scale,
        ]
        if mark.strong:
            pen.rectangle(corners, fill=(*_STRONG, 50), outline=(*_STRONG, 255), width=4)
        else:
            pen.rectangle(corners, fill=(*_QUIET, 26))
            pen.line([corners[0], corners[3], corners[2], corners[3]], (*_QUIET, 255), width=3)
    return Image.alpha_composite(picture.convert("RGBA"), veil).convert("RGB")


def _png(picture: Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
