"""What a store holds, in figures."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ai_catalyst.store.cache import CacheStats
from ai_catalyst.store.scripts import Driver

__all__ = ["StoreStats", "count", "size_of"]


class StoreStats(msgspec.Struct, frozen=True):
    """Figures of a store; ``bytes`` is its file with the write-ahead log, or its database."""

    path: str
    bytes: int
    runs: int
    done: int
    failed: int
    articles: int
    calls: int
    cost_usd: float
    bytes_sent: int
    cache: CacheStats


_COUNTS = """
SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM journal),
  (SELECT count(*) FROM journal WHERE state = 'failed'), (SELECT count(*) FROM articles),
  (SELECT count(*) FROM costs), (SELECT coalesce(sum(cost_usd), 0.0) FROM costs),
  (SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM egress)
"""


async def count(driver: Driver, path: str, size: int, cache: CacheStats) -> StoreStats:
    """Count what a database holds; ``path`` and ``size`` are its place and bytes."""
    runs, rows, failed, articles, calls, cost, sent = (await driver.rows(_COUNTS))[0]
    return StoreStats(
        path=path,
        bytes=size,
        runs=runs,
        done=rows - failed,
        failed=failed,
        articles=articles,
        calls=calls,
        cost_usd=cost,
        bytes_sent=sent,
        cache=cache,
    )


def size_of(path: Path) -> int:
    """Return the bytes of a file with its write-ahead log."""
    files = (path, Path(f"{path}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
