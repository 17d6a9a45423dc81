import requests


class Base:
    def step(self):
        return self.fetch()

    def fetch(self):
        return 1


class Quick(Base):
    async def run(self):
        return self.step()


class Slow(Base):
    def fetch(self):
        return requests.get("https://example.com", timeout=1)
