import asyncio
import time

import requests


def load():
    time.sleep(1)
    return requests.get("https://example.com", timeout=1)


async def handler():
    return await asyncio.to_thread(load)
