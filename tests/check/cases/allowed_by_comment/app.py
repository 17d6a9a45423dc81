import time


async def settle():
    time.sleep(0.001)  # noqa: blocking(the device needs one exact millisecond)
