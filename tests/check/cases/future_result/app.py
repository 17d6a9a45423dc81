from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor()


async def answer(job):
    return pool.submit(job).result()  # expect: concurrent.futures.Future.result
