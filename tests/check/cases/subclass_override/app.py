import time
from abc import ABC, abstractmethod


class Store(ABC):
    @abstractmethod
    def save(self, item): ...


class SlowStore(Store):
    def save(self, item):
        time.sleep(1)


async def keep(store: Store, item):
    store.save(item)  # expect: time.sleep
