import time


class Job:
    def __call__(self):
        time.sleep(1)


async def run():
    job = Job()
    job()  # expect: time.sleep
