import asyncio


def generate_embedding(backend, text: str) -> list[float]:
    try:
        return backend.encode([text])[0]
    except Exception as error:
        raise RuntimeError("no embedding") from error


async def generate_embeddings_batch(backend, texts):
    loop = asyncio.get_event_loop()
    return await loop.run_in_executor(None, backend.encode, texts)
