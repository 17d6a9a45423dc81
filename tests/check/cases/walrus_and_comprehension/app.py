import requests


class Mirror:
    def __init__(self, urls):
        self.urls = urls

    def _size(self, url):
        if (reply := requests.head(url, timeout=3)).ok:
            return int(reply.headers["content-length"])
        return 0

    async def total(self):
        return sum(self._size(url) for url in self.urls)  # expect: requests.head
