import time


class Heavy:
    def __init__(self):
        self._load()

    def _load(self):
        time.sleep(3)


async def make():
    return Heavy()  # expect: time.sleep
