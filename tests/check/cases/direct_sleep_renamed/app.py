from time import sleep as wait


async def poll():
    wait(1)  # expect: time.sleep
