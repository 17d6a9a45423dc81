import requests


class Api:
    session: requests.Session

    async def get(self, url):
        return self.session.get(url, timeout=1)  # expect: requests.Session.get
