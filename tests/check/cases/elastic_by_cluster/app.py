from elasticsearch import Elasticsearch, NotFoundError


class Search:
    def __init__(self, clusters):
        self._by_name = {name: Elasticsearch(url) for name, url in clusters.items()}

    def _of(self, name):
        return self._by_name[name]

    async def find(self, cluster: str, text: str):
        es = self._of(cluster)
        try:
            # expect: elasticsearch.Elasticsearch.search
            found = es.search(index="docs", query={"match": {"body": text}})
        except NotFoundError:
            return []
        return [hit["_source"] for hit in found["hits"]["hits"]]

    async def healthy(self):
        # expect: elasticsearch.Elasticsearch.ping
        return all(es.ping() for es in self._by_name.values())
