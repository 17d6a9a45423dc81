"""Fixtures of the whole suite. The loop guard itself is turned on in pyproject.toml."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more about the machine than about the code.
settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("house")

# A shell that runs the suite in the background has it ignore Ctrl-C, and every child with it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of shared test documents: ``CATALYST_TEST_DATA``, else ``../shared/data``."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CATALYST_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip("no shared test data: set CATALYST_TEST_DATA to its folder")
    return folder
