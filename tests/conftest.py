"""Fixtures of the whole suite. The loop guard itself is turned on in pyproject.toml."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of shared test documents: ``CATALYST_TEST_DATA``, else ``../shared/data``."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CATALYST_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip("no shared test data: set CATALYST_TEST_DATA to its folder")
    return folder
