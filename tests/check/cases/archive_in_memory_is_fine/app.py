import io
import zipfile


async def names(data: bytes):
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer) as archive:
        return archive.namelist() + zipfile.ZipFile(io.BytesIO(data)).namelist()
