import functools
import time


def retry(times=3, delay=1.0):
    def decorate(func):
        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            for attempt in range(times):
                try:
                    return func(*args, **kwargs)
                except ConnectionError:
                    time.sleep(delay * 2**attempt)
            return func(*args, **kwargs)

        return wrapper

    return decorate


@retry(times=5)
def lookup(name):
    return {"name": name}


async def handler(name):
    return lookup(name)  # expect: time.sleep
