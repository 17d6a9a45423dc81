from concurrent.futures import ThreadPoolExecutor


async def all_of(jobs):
    with ThreadPoolExecutor() as pool:  # expect: concurrent.futures.ThreadPoolExecutor.__exit__
        for job in jobs:
            pool.submit(job)
