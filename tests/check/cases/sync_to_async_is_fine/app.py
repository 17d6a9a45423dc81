import time

from asgiref.sync import sync_to_async


@sync_to_async
def slow():
    time.sleep(1)


async def handler():
    await slow()
