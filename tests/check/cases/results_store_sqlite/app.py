import json
import sqlite3
from pathlib import Path


class ResultsStore:
    def __init__(self, db_path: str = "results.db"):
        self.db_path = Path(db_path)
        self._init_database()

    def _init_database(self) -> None:
        with sqlite3.connect(self.db_path) as conn:
            conn.execute("CREATE TABLE IF NOT EXISTS results (id TEXT, data TEXT)")

    async def store(self, result: dict) -> str:
        with sqlite3.connect(self.db_path) as conn:  # expect: sqlite3.connect
            # expect: sqlite3.Connection.execute
            conn.execute("INSERT INTO results VALUES (?, ?)", (result["id"], json.dumps(result)))
        return result["id"]
