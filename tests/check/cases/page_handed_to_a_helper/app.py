from pypdf import PdfReader


def text_of(page):
    return page.extract_text().strip()


async def index(path, store):
    reader = PdfReader(path)  # expect: pypdf.PdfReader
    for number, page in enumerate(reader.pages):
        await store.add(number, text_of(page))  # expect: pypdf.PageObject.extract_text
