from reader import ocr


async def handle(job):
    text = ocr.extract(job["path"])  # expect: fitz.open
    job["text"] = text
    return job
