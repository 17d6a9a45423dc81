"""Processes that say when they are ready, and begin together."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence


def go(workers: Sequence[subprocess.Popen[str]]) -> None:
    """Wait until each has said ``ready``, then tell all of them to begin."""
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
