import time


class Index:
    def __init__(self):
        self.build()

    def build(self):
        raise NotImplementedError

    @classmethod
    def of(cls, documents):
        return cls()


class Quick(Index):
    def build(self):
        self.items = {}


class Slow(Index):
    def build(self):
        time.sleep(2)


async def quick():
    return Quick.of([])


async def slow():
    return Slow.of([])  # expect: time.sleep
