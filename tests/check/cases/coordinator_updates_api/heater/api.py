import requests


class HeaterApi:
    def __init__(self, host):
        self._host = host
        self._data = {}

    def update(self):
        self._data = self._call("status")

    def _call(self, command):
        return requests.get(f"http://{self._host}/{command}", timeout=5).json()

    @property
    def firmware(self):
        return self._call("version")["firmware"]
