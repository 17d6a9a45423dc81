import requests


class Held:
    async def __aenter__(self):
        requests.get("https://example.com", timeout=1)  # expect: requests.get
        return self

    async def __aexit__(self, *args):
        return None
