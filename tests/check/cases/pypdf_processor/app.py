import io

from pypdf import PdfReader


class PdfText:
    def __init__(self, password: str | None = None):
        self.password = password

    def pages(self, data: bytes):
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and self.password:
            reader.decrypt(self.password)
        for number, page in enumerate(reader.pages):
            yield number, page.extract_text() or ""


async def process(data: bytes, password=None):
    out = []
    for number, text in PdfText(password).pages(data):  # expect: pypdf.PdfReader
        if text.strip():
            out.append({"page": number, "text": text})
    return out
