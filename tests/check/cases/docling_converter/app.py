from docling.document_converter import DocumentConverter


class Reader:
    def __init__(self):
        self.converter = DocumentConverter()

    def read(self, path):
        return self.converter.convert(path)


async def handler(path):
    return Reader().read(path)  # expect: docling.document_converter.DocumentConverter.convert
