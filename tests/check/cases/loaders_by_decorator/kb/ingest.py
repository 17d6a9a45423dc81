from kb.loaders import Loader
from kb.registry import LOADERS


async def ingest(path, suffix):
    instance: Loader = LOADERS[suffix](path)
    return instance.load()  # expect: docx2txt.process
