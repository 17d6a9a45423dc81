"""What a store holds, in figures."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from ai_catalyst.store.cache import CacheStats

__all__ = ["StoreStats", "count"]


class StoreStats(msgspec.Struct, frozen=True):
    """Figures of a store; ``bytes`` is its file with the write-ahead log."""

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


def count(connection: sqlite3.Connection, path: Path, cache: CacheStats) -> StoreStats:
    """Count on a reading connection."""

    def one(sql: str) -> int:
        value: int = connection.execute(sql).fetchone()[0]
        return value

    rows = one("SELECT count(*) FROM journal")
    failed = one("SELECT count(*) FROM journal WHERE state = 'failed'")
    calls, cost = connection.execute(
        "SELECT count(*), coalesce(sum(cost_usd), 0.0) FROM costs"
    ).fetchone()
    files = (path, Path(f"{path}-wal"))
    return StoreStats(
        path=str(path),
        bytes=sum(file.stat().st_size for file in files if file.exists()),
        runs=one("SELECT count(*) FROM runs"),
        done=rows - failed,
        failed=failed,
        articles=one("SELECT count(*) FROM articles"),
        calls=calls,
        cost_usd=cost,
        bytes_sent=one("SELECT coalesce(sum(bytes), 0) FROM egress"),
        cache=cache,
    )
