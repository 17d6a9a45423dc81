import asyncio
from concurrent.futures import ThreadPoolExecutor


def heavy(text):
    return text * 1000


async def handler(text):
    with ThreadPoolExecutor() as executor:
        return await asyncio.get_running_loop().run_in_executor(executor, heavy, text)
