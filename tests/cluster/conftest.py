"""Limits of two processes' worth in one, over the real Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import contextmanager

import pytest
from real_servers import own_namespace

from ai_catalyst.cluster.limits import SharedLimits
from ai_catalyst.cluster.redis_keeper import RedisKeeper


@pytest.fixture
async def limits_pair() -> AsyncIterator[tuple[SharedLimits, SharedLimits]]:
    """Two that share a Redis and a run; closed at the end."""
    with contextmanager(own_namespace)() as (url, space):
        async with (
            SharedLimits(RedisKeeper(url, space), "run", owner="a") as one,
            SharedLimits(RedisKeeper(url, space), "run", owner="b") as other,
        ):
            yield one, other
