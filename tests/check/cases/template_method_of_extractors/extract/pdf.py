import pdfplumber

from .base import Extractor


class PdfExtractor(Extractor):
    def extract(self, path):
        with pdfplumber.open(path) as pdf:
            return "\n".join(page.extract_text() or "" for page in pdf.pages)
