import requests


async def fetch(url):
    return requests.get(url, timeout=5).json()  # expect: requests.get
