import asyncio
import time


class Echo(asyncio.Protocol):
    def data_received(self, data):
        time.sleep(1)  # expect: time.sleep
