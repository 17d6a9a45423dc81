import weaviate
from weaviate.classes.query import MetadataQuery


class Passages:
    def __init__(self):
        self.client = weaviate.connect_to_local()
        self.passages = self.client.collections.get("Passage")

    async def near(self, vector):
        # expect: weaviate.WeaviateClient.collections.get().query.near_vector
        answer = self.passages.query.near_vector(
            near_vector=vector, limit=5, return_metadata=MetadataQuery(distance=True)
        )
        return [o.properties for o in answer.objects]

    async def near_text(self, text):
        questions = self.client.collections.get("Question")
        # expect: weaviate.WeaviateClient.collections.get().query.hybrid
        return questions.query.hybrid(query=text, limit=3)
