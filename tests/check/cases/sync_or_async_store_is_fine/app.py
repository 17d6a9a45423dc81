from typing import Any, Dict, Optional, Union

import requests


class Store:
    def save(self, row) -> Optional[Dict[str, Any]]:
        return requests.post("http://store/", json=row, timeout=1).json()


class AsyncStore:
    async def save(self, row) -> Optional[Dict[str, Any]]:
        return row


class Agent:
    db: Optional[Union[Store, Any]] = None

    async def keep(self, row):
        return await self.db.save(row)
