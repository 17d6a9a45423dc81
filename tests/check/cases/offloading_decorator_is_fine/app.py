import asyncio
import functools
import time


def in_thread(function):
    @functools.wraps(function)
    async def wrapper(*args):
        return await asyncio.to_thread(function, *args)

    return wrapper


@in_thread
def slow():
    time.sleep(1)


async def handler():
    await slow()
