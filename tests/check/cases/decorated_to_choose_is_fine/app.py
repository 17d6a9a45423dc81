import functools

import requests


def chooses(other):
    def decorator(function):
        @functools.wraps(function)
        def wrapper(*args):
            return other(*args)

        return wrapper

    return decorator


async def aload(url):
    return url


@chooses(aload)
def load(url) -> str:
    return requests.get(url).text


async def page(url):
    return await load(url)
