import requests


class Client(requests.Session):
    def users(self):
        return self.get("https://example.com/users", timeout=1)


async def show():
    return Client().users()  # expect: requests.Session.get
