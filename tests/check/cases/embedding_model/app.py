from sentence_transformers import SentenceTransformer

model = SentenceTransformer("small")


class Embedder:
    def __init__(self):
        self.model = model

    def embed(self, texts):
        return self.model.encode(texts)


embedder = Embedder()


async def handler(texts):
    return embedder.embed(texts)  # expect: sentence_transformers.SentenceTransformer.encode
