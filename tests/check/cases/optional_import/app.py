try:
    import requests
except ImportError:
    requests = None


async def fetch(url):
    return requests.get(url, timeout=1)  # expect: requests.get
