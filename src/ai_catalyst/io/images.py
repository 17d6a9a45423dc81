"""Images and arrays off the event loop: the two usual cases of work that computes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ai_catalyst.engine.blocking import run_here
from ai_catalyst.errors import ProcessingError, UserError

if TYPE_CHECKING:
    import numpy

__all__ = [
    "fitted_jpeg",
    "process_array",
    "process_array_async",
    "process_image",
    "process_image_async",
]

SIDE = 512
_MOST_PIXELS = 100_000_000
_TIMEOUT_S = 30.0


async def process_image_async(image_bytes: bytes) -> bytes:
    """Return an image as a JPEG of 512 × 512 pixels, padded with black to keep its aspect.

    Decoded in a worker process: an image may come from anybody. Raises `ProcessingError` for what
    is no image or has over 100 million pixels, `WorkerError` when decoding it kills its process.
    """
    from ai_catalyst.engine.workers import shared_pool

    made: bytes = await shared_pool().run(fitted_jpeg, bytes(image_bytes), timeout=_TIMEOUT_S)
    return made


async def process_array_async(array: numpy.ndarray[Any, Any]) -> numpy.ndarray[Any, Any]:
    """Return an array scaled to mean 0 and standard deviation 1 along its last axis, as float64.

    Computed in a thread: numpy lets go of the interpreter, and an array is too large to be sent to
    another process. Constant rows become 0. Raises `UserError` for what is not numeric.
    """
    import asyncio

    return await asyncio.to_thread(_standardise, array)


def process_image(image_bytes: bytes) -> bytes:
    """Sync twin of `process_image_async`."""
    return run_here(process_image_async(image_bytes), "process_image_async")


def process_array(array: numpy.ndarray[Any, Any]) -> numpy.ndarray[Any, Any]:
    """Sync twin of `process_array_async`."""
    return run_here(process_array_async(array), "process_array_async")


def _standardise(array: Any) -> numpy.ndarray[Any, Any]:
    import numpy

    try:
        values = numpy.atleast_1d(numpy.asarray(array)).astype(numpy.float64)
    except (TypeError, ValueError) as error:
        raise UserError("the array is not numeric") from error
    if values.size == 0:
        return values.reshape(numpy.shape(array))
    spread = values.std(axis=-1, keepdims=True)
    centred = values - values.mean(axis=-1, keepdims=True)
    scaled: numpy.ndarray[Any, Any] = numpy.divide(
        centred, spread, out=numpy.zeros_like(centred), where=spread > 0
    )
    return scaled.reshape(numpy.shape(array))


def fitted_jpeg(image_bytes: bytes, side: int = SIDE) -> bytes:
    """Decode an image and return it as a square JPEG; in this process: call it in a worker."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError as error:
        raise UserError("Pillow is not installed: pip install '.[video]'") from error
    Image.MAX_IMAGE_PIXELS = None  # we say it ourselves, as an error and not a warning
    try:
        with Image.open(io.BytesIO(image_bytes)) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ProcessingError(f"the image is too large: {image.width} × {image.height}")
            image.draft("RGB", (side, side))  # a large JPEG is decoded at a fraction of its size
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except UnidentifiedImageError as error:
        raise ProcessingError("this is not an image in a format that Pillow reads") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise ProcessingError(f"the image is damaged: {type(error).__name__}") from error
    padded = ImageOps.pad(upright, (side, side), color="black")
    out = io.BytesIO()
    padded.save(out, "JPEG", quality=88)
    return out.getvalue()
