import functools
import time


def retried(function):
    @functools.wraps(function)
    def wrapper(*args):
        for _ in range(3):
            time.sleep(1)
        return function(*args)

    return wrapper


@retried
def compute(x):
    return x * len(str(x))


async def handler():
    return compute(2)  # expect: time.sleep
