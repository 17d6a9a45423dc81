import csv
from pathlib import Path

from fastapi import FastAPI, WebSocket

app = FastAPI()


class History:
    def __init__(self, folder: Path):
        self.folder = folder

    def append(self, user, text):
        path = self.folder / f"{user}.csv"
        with path.open("a", newline="") as file:
            csv.writer(file).writerow([user, text])


class Manager:
    def __init__(self):
        self.history = History(Path("logs"))
        self.active: list[WebSocket] = []

    async def broadcast(self, user, text):
        self.history.append(user, text)  # expect: pathlib.Path.open
        for socket in self.active:
            await socket.send_text(text)
