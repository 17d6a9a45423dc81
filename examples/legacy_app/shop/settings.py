"""Settings from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Where everything is."""

    database_url: str
    redis_url: str
    payments_url: str
    rates_url: str
    receipts: Path
    attempts: int = 3
    pause_s: float = 0.01


def from_environment() -> Settings:
    return Settings(
        database_url=os.environ["DATABASE_URL"],
        redis_url=os.environ["REDIS_URL"],
        payments_url=os.environ.get("PAYMENTS_URL", "http://127.0.0.1:9/payments"),
        rates_url=os.environ.get("RATES_URL", "http://127.0.0.1:9/rates"),
        receipts=Path(os.environ.get("RECEIPTS", "receipts")),
    )
