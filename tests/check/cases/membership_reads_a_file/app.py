import json


class Seen:
    def __init__(self, path):
        self.path = path

    def _all(self):
        with open(self.path) as file:
            return set(json.load(file))

    def __contains__(self, item):
        return item in self._all()

    def __len__(self):
        return len(self._all())


async def crawl(urls, seen: Seen):
    fresh = []
    for url in urls:
        if url not in seen:  # expect: open
            fresh.append(url)
    return fresh
