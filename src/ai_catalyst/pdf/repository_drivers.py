"""The databases of the repository: a whole store, or the pool of a `DatabaseManager`."""

from __future__ import annotations

from ai_catalyst.store.database import DatabaseManager
from ai_catalyst.store.scripts import PostgresDriver, SqliteDriver
from ai_catalyst.store.store import Store

__all__ = ["PostgresDriver", "StoreDriver"]


class StoreDriver(SqliteDriver):
    """The writer and readers of a store, which is closed with the repository when it is its own."""

    def __init__(self, store: Store, *, own: bool, manager: DatabaseManager | None = None) -> None:
        """Use them; close them, and the manager whose file it is, only when they are our own."""
        super().__init__(store.writer, store.readers, own=False)
        self.store = store
        self._owned = own
        self._manager = manager

    async def close(self) -> None:
        """Close the file when it was opened here."""
        if self._owned:
            await self.store.close()
        if self._manager is not None:
            await self._manager.close()
