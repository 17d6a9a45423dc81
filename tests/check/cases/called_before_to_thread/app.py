import asyncio
import time


def load():
    time.sleep(1)


async def handler():
    await asyncio.to_thread(load())  # expect: time.sleep
