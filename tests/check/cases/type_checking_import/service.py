from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repo import Repo


class Service:
    def __init__(self, repo: Repo) -> None:
        self.repo = repo

    async def load(self):
        return self.repo.rows()  # expect: psycopg2.cursor.fetchall
