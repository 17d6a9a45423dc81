"""Images and arrays, computed off the loop."""

import io
import struct
import zlib

import numpy
import pytest
from PIL import Image

from ai_catalyst.errors import ProcessingError, UserError
from ai_catalyst.io.images import (
    process_array,
    process_array_async,
    process_image,
    process_image_async,
)


def image(size, kind="PNG", mode="RGB", color="red", **options):
    out = io.BytesIO()
    Image.new(mode, size, color).save(out, kind, **options)
    return out.getvalue()


async def test_an_image_becomes_a_square_jpeg_with_its_aspect_kept():
    made = Image.open(io.BytesIO(await process_image_async(image((200, 100)))))
    assert (made.format, made.size, made.mode) == ("JPEG", (512, 512), "RGB")
    assert made.getpixel((256, 256))[0] > 200
    assert made.getpixel((256, 20)) == (0, 0, 0)
    assert made.getpixel((256, 500)) == (0, 0, 0)
    assert made.getpixel((3, 256))[0] > 200


@pytest.mark.parametrize(("mode", "color"), [("RGBA", (255, 0, 0, 128)), ("P", 1), ("L", 9)])
async def test_other_colour_modes_are_understood(mode, color):
    made = await process_image_async(image((64, 64), mode=mode, color=color))
    assert Image.open(io.BytesIO(made)).size == (512, 512)


async def test_the_rotation_of_a_photograph_is_applied():
    turned = Image.Exif()
    turned[0x0112] = 6
    made = await process_image_async(image((400, 200), "JPEG", exif=turned))
    opened = Image.open(io.BytesIO(made))
    assert opened.getpixel((256, 5))[0] > 200
    assert opened.getpixel((5, 256)) == (0, 0, 0)


@pytest.mark.parametrize("data", [b"", b"not an image", image((300, 300), "JPEG")[:500]])
async def test_what_is_no_image_is_said(data):
    with pytest.raises(ProcessingError):
        await process_image_async(data)


async def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded():
    header = struct.pack(">4sIIBBBBB", b"IHDR", 40_000, 40_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    bomb = b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I4s", 1 << 20, b"IDAT") + bytes(99)
    with pytest.raises(ProcessingError, match="too large: 40000"):
        await process_image_async(bomb)


async def test_an_array_is_standardised_row_by_row():
    made = await process_array_async(numpy.arange(12).reshape(3, 4))
    assert made.shape == (3, 4)
    assert numpy.allclose(made.mean(axis=1), 0)
    assert numpy.allclose(made.std(axis=1), 1)


@pytest.mark.parametrize("array", [numpy.zeros((2, 3)), numpy.array([]), numpy.array(5)])
async def test_constant_and_empty_arrays_keep_their_shape(array):
    made = await process_array_async(array)
    assert made.shape == array.shape
    assert not made.any()


async def test_an_array_of_words_is_refused():
    with pytest.raises(UserError, match="not numeric"):
        await process_array_async(numpy.array(["a"]))


def test_the_sync_twins_do_the_same():
    assert Image.open(io.BytesIO(process_image(image((20, 10))))).size == (512, 512)
    assert process_array(numpy.array([1.0, 3.0])).tolist() == [-1.0, 1.0]
