import requests


class Source:
    async def run(self):
        return self.fetch()  # expect: requests.get

    def fetch(self):
        raise NotImplementedError


class Web(Source):
    def fetch(self):
        return requests.get("https://example.com", timeout=1)
