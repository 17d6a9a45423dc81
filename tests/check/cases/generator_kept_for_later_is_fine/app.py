import os
from collections.abc import Iterator


def walk(folder) -> Iterator[str]:
    for entry in os.scandir(folder):
        yield entry.name


class Plan:
    def __init__(self, folder):
        self._names: Iterator[str] = walk(folder)
        self.again = walk(folder)


async def begin(folder):
    return Plan(folder)
