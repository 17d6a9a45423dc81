from abc import ABC, abstractmethod


class Extractor(ABC):
    async def process(self, path):
        text = self.extract(path)  # expect: pdfplumber.open
        return self.clean(text)

    @abstractmethod
    def extract(self, path) -> str: ...

    def clean(self, text):
        return " ".join(text.split())
