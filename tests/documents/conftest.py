"""Fixtures of the tests of documents."""

from __future__ import annotations

import pytest
from reading import InlinePool


@pytest.fixture
def pool() -> InlinePool:
    """A pool that parses in this process."""
    return InlinePool()
