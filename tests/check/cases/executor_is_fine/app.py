import asyncio
from functools import partial

import requests


async def handler(url):
    loop = asyncio.get_running_loop()
    first = await loop.run_in_executor(None, requests.get, url)
    second = await loop.run_in_executor(None, partial(requests.get, url, timeout=3))
    third = await loop.run_in_executor(None, lambda: requests.get(url, timeout=3))
    return first, second, third
