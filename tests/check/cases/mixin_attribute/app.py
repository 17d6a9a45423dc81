import requests


class Talks:
    def ask(self):
        return self.session.get("https://example.com", timeout=1)


class Agent(Talks):
    def __init__(self):
        self.session = requests.Session()

    async def run(self):
        return self.ask()  # expect: requests.Session.get
