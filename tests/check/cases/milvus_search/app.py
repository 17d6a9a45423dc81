from pymilvus import MilvusClient


class Index:
    def __init__(self, uri):
        self.client = MilvusClient(uri=uri)

    async def search(self, vector):
        return self.client.search("c", [vector])  # expect: pymilvus.MilvusClient.search
