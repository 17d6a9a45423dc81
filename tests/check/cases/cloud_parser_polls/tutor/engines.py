import time

import httpx


class TextEngine:
    def parse(self, path):
        return str(path)


class MineruEngine:
    base = "https://example.com/api"

    def parse(self, path):
        with httpx.Client(base_url=self.base, timeout=60) as client:
            batch = client.post("/batch", json={"file": path.name}).json()["id"]
            return self._poll(client, batch)

    def _poll(self, client: httpx.Client, batch):
        while True:
            state = client.get(f"/batch/{batch}").json()
            if state["done"]:
                return state
            time.sleep(3)


_ENGINES = {"text": TextEngine, "mineru": MineruEngine}


def get_engine(name):
    cls = _ENGINES[name]
    return cls()
