import threading
import time


def work():
    time.sleep(10)


async def start():
    threading.Thread(target=work).start()
