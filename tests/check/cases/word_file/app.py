from docx import Document


def text_of(path):
    return "".join(p.text for p in Document(path).paragraphs)


async def handler(path):
    return text_of(path)  # expect: docx.Document
