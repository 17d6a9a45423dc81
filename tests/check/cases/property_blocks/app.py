import requests


class Remote:
    @property
    def version(self):
        return requests.get("https://example.com/version", timeout=1).text


async def show(remote: Remote):
    return remote.version  # expect: requests.get
