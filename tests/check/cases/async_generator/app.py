import time


async def numbers():
    for n in range(3):
        time.sleep(n)  # expect: time.sleep
        yield n
