import requests


class Base:
    def send(self, text):
        return requests.post("https://hooks/", json={"text": text}, timeout=5)


class Quiet(Base):
    muted = False

    def send(self, text):
        if self.muted:
            return None
        return super().send(text)


class App:
    hook: Base

    def __init__(self, hook: Base | None = None):
        self.hook = hook or Quiet()

    async def alert(self, text):
        self.hook.send(text)  # expect: requests.post
