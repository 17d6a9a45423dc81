import time


async def poll():
    time.sleep(1)  # expect: time.sleep
