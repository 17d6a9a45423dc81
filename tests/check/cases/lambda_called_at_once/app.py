import time


def retry(job, times):
    for _ in range(times):
        job()


async def handler():
    retry(lambda: time.sleep(1), 3)  # expect: time.sleep
