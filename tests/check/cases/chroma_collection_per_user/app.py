import chromadb
from chromadb.config import Settings


class VectorMemory:
    def __init__(self, path: str):
        self._client = chromadb.PersistentClient(
            path=path, settings=Settings(anonymized_telemetry=False)
        )
        self._collections = {}

    def _collection(self, user):
        if user not in self._collections:
            self._collections[user] = self._client.get_or_create_collection(f"user-{user}")
        return self._collections[user]

    async def remember(self, user, text, vector):
        # expect: chromadb.Collection.upsert
        self._collection(user).upsert(ids=[text[:20]], documents=[text], embeddings=[vector])

    async def recall(self, user, vector, k=5):
        # expect: chromadb.Collection.query
        hits = self._collection(user).query(query_embeddings=[vector], n_results=k)
        return hits["documents"][0]
