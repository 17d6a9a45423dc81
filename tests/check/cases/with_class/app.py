import requests


class Held:
    def __enter__(self):
        requests.post("https://example.com/lock", timeout=1)
        return self

    def __exit__(self, *args):
        return None


async def work():
    with Held():  # expect: requests.post
        pass
