import io

from PIL import Image


async def small(data):
    image = Image.open(io.BytesIO(data))  # expect: PIL.Image.open
    return image.resize((1, 1))  # expect: PIL.Image.Image.resize
