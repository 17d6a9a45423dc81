import queue
import threading

waiting = queue.Queue()
lock = threading.Lock()


async def take():
    lock.acquire(blocking=False)
    return waiting.get(block=False)
