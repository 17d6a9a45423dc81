import queue

waiting = queue.Queue()


async def take():
    return waiting.get()  # expect: queue.Queue.get
