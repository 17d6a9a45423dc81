"""The scenarios of a cluster, run with Ray's processes in a network of their own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from private_network import in_private_network

SCENARIOS = Path(__file__).with_name("cluster_scenarios.py")
SOCKETS = Path(os.environ.get("CATALYST_TEST_POSTGRES_SOCKETS", "/var/run/postgresql"))
MOST_S = 540
"""A machine that others use as well; by itself it takes some 100 s."""


@pytest.mark.timeout(MOST_S + 30)
def test_whatever_dies_every_document_is_there_once_and_the_reports_are_the_same() -> None:
    pytest.importorskip("ray")
    url = f"postgresql://postgres@/test?host={SOCKETS}"
    done = in_private_network(
        sys.executable,
        *("-m", "pytest", str(SCENARIOS), "-p", "no:randomly", "-p", "no:xdist", "-ra"),
        *("--reruns=1", "--durations=0", "--timeout=240", "-W", "default"),
        timeout=MOST_S,
        env=os.environ | {"CATALYST_TEST_POSTGRES_URL": url},
    )
    last = done.stdout.strip().splitlines()[-1:] or [done.stderr]
    if done.returncode == 0 and "passed" not in last[0]:
        pytest.skip(last[0])
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
