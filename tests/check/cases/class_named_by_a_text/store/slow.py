import requests


class SlowStore:
    def __init__(self, url):
        self.url = url

    def search(self, text):
        return requests.get(self.url, params={"q": text}, timeout=3).json()


class NoStore:
    def search(self, text):
        return []
