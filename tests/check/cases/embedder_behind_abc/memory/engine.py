from memory import embedding_utils
from memory.embedders import Embeddings


class MemoryEngine:
    def __init__(self, embeddings: Embeddings, retries: int = 3):
        self.embeddings = embeddings
        self.retries = retries

    async def recall(self, query: str):
        return await self._search_with_retries(query)

    async def _search_with_retries(self, query):
        # expect: sentence_transformers.SentenceTransformer.encode
        vector = embedding_utils.generate_embedding(self.embeddings, query)
        return vector
