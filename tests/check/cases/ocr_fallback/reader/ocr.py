import fitz
import pytesseract
from PIL import Image


def ocr_page(page) -> str:
    pix = page.get_pixmap(dpi=200)
    image = Image.frombytes("RGB", (pix.width, pix.height), pix.samples)
    return pytesseract.image_to_string(image, lang="eng")


def extract(path: str) -> str:
    with fitz.open(path) as doc:
        return "\n".join(page.get_text() or ocr_page(page) for page in doc)
