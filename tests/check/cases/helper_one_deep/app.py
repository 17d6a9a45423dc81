import requests


def load(url):
    return requests.post(url, timeout=3)


async def handler(url):
    return load(url)  # expect: requests.post
