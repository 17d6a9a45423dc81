import requests


def fetch(url):
    return requests.get(url, timeout=1)


async def handler(urls):
    return list(map(fetch, urls))  # expect: requests.get
