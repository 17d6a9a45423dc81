import two


async def start():
    two.go()  # expect: time.sleep


def wait():
    import time

    time.sleep(1)
