import time


class Messages:
    def __init__(self, queue):
        self.queue = queue

    def __iter__(self):
        return self

    def __next__(self):
        while not self.queue:
            time.sleep(0.5)
        return self.queue.pop()


async def consume(queue, handle):
    for message in Messages(queue):  # expect: time.sleep
        await handle(message)
