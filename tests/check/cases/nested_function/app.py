import time


async def handler():
    def wait():
        time.sleep(1)

    wait()  # expect: time.sleep
