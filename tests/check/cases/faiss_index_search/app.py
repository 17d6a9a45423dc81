import faiss
import numpy as np


class FaissIndex:
    def __init__(self, dimension: int):
        self.index = faiss.IndexFlatIP(dimension)
        self.chunks = {}

    async def query_vector(self, embedding, k: int):
        vector = np.asarray([embedding], dtype="float32")
        distances, indices = self.index.search(vector, k)  # expect: faiss.IndexFlatIP.search
        return [self.chunks[i] for i in indices[0] if i >= 0], distances[0]

    async def load(self, path):
        self.index = faiss.read_index(path)  # expect: faiss.read_index
