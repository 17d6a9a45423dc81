"""The store: what is done, what was found, what it cost; one SQLite file, or PostgreSQL."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.store.cache import Cache, CacheStats, origin
    from ai_catalyst.store.database import DatabaseManager
    from ai_catalyst.store.forget import Forgotten
    from ai_catalyst.store.journal import SqliteJournal
    from ai_catalyst.store.ledger import Cost, CostSum, Egress
    from ai_catalyst.store.place import default_path, state_dir
    from ai_catalyst.store.run_store import RunStore
    from ai_catalyst.store.runs import Run, RunItem, RunItems
    from ai_catalyst.store.shared import SharedStore, is_shared
    from ai_catalyst.store.shared_owner import InFlight
    from ai_catalyst.store.stats import StoreStats
    from ai_catalyst.store.store import Store
    from ai_catalyst.store.writer import Writer

__all__ = [
    "Cache",
    "CacheStats",
    "Cost",
    "CostSum",
    "DatabaseManager",
    "Egress",
    "Forgotten",
    "InFlight",
    "Run",
    "RunItem",
    "RunItems",
    "RunStore",
    "SharedStore",
    "SqliteJournal",
    "Store",
    "StoreStats",
    "Writer",
    "default_path",
    "is_shared",
    "origin",
    "state_dir",
]

_HOMES = {
    "Cache": "cache",
    "CacheStats": "cache",
    "Cost": "ledger",
    "CostSum": "ledger",
    "DatabaseManager": "database",
    "Egress": "ledger",
    "Forgotten": "forget",
    "InFlight": "shared_owner",
    "Run": "runs",
    "RunItem": "runs",
    "RunItems": "runs",
    "RunStore": "run_store",
    "SharedStore": "shared",
    "SqliteJournal": "journal",
    "Store": "store",
    "StoreStats": "stats",
    "Writer": "writer",
    "default_path": "place",
    "is_shared": "shared",
    "origin": "cache",
    "state_dir": "place",
}


def __getattr__(name: str) -> Any:
    """Import a name's module when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
