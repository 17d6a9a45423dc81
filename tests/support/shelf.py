"""Where a test opens its stores, whichever kind they are."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_catalyst.store import RunStore, SharedStore, Store

_numbers = itertools.count()


@dataclass(frozen=True)
class Shelf:
    """Where stores are opened, again and again: one file, or one database."""

    folder: Path
    url: str | None = None

    def open(self, **options: Any) -> RunStore:
        """Open a store beside those that are open."""
        if self.url is None:
            return Store(self.folder / "catalyst.db", **options)
        here = Store(self.folder / f"{next(_numbers)}.db", **options)
        return SharedStore(self.url, local=here, **options)

    async def rows(self, store: RunStore, sql: str) -> list[tuple[Any, ...]]:
        """Ask the tables themselves."""
        return [tuple(row) for row in await store.runs._driver.rows(sql)]
