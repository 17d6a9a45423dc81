import io

import cloudinary.uploader
from fastapi import HTTPException, UploadFile
from PIL import Image

MAX = (1200, 1600)


class FileUploadService:
    async def process_and_save_cover_image(self, file: UploadFile, book_id: str):
        content = await file.read()
        try:
            image = Image.open(io.BytesIO(content))  # expect: PIL.Image.open
        except OSError as e:
            raise HTTPException(400, "not an image") from e
        if image.mode != "RGB":
            image = image.convert("RGB")  # expect: PIL.Image.Image.convert
        image.thumbnail(MAX, Image.Resampling.LANCZOS)  # expect: PIL.Image.Image.thumbnail
        buffer = io.BytesIO()
        image.save(buffer, format="JPEG", optimize=True, quality=85)  # expect: PIL.Image.Image.save
        # expect: cloudinary.uploader.upload
        result = cloudinary.uploader.upload(buffer.getvalue(), public_id=book_id)
        return result["secure_url"]
