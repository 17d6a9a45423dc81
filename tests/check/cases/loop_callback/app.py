import asyncio
import time


def tick():
    time.sleep(1)  # expect: time.sleep


def start():
    asyncio.get_event_loop().call_later(1, tick)
