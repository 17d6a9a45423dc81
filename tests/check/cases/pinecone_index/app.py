import os

from pinecone import Pinecone, ServerlessSpec


class PineconeStore:
    def __init__(self, name: str):
        self.pc = Pinecone(api_key=os.environ["PINECONE_API_KEY"])
        if name not in self.pc.list_indexes().names():
            self.pc.create_index(
                name, dimension=1536, spec=ServerlessSpec(cloud="aws", region="us-east-1")
            )
        self.index = self.pc.Index(name)

    async def upsert(self, items):
        for start in range(0, len(items), 100):
            self.index.upsert(vectors=items[start : start + 100])  # expect: pinecone.Index.upsert

    async def query(self, vector, top_k=10):
        # expect: pinecone.Index.query
        return self.index.query(vector=vector, top_k=top_k, include_metadata=True)
