import json
from urllib.request import urlopen


class Meter:
    def __init__(self, host):
        self.host = host

    def _fetch(self, what):
        with urlopen(f"http://{self.host}/{what}", timeout=3) as answer:
            return json.load(answer)

    @property
    def power(self) -> float:
        return self._fetch("power")["watts"]


class CachedMeter(Meter):
    @property
    def power(self):
        return round(super().power, 1)
