"""The share of the memory in use, and the one warning a run gives of it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from ai_catalyst.cli.memory import memory_used
from ai_catalyst.cli.progress import LOOK_EVERY, RunProgress
from ai_catalyst.documents.sources import BadSource
from ai_catalyst.engine import Outcome
from ai_catalyst.errors import FileError


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


def test_it_is_the_machines_or_the_containers_when_that_is_fuller(tmp_path: Path) -> None:
    assert memory_used(tmp_path) == 0.0
    put(tmp_path / "proc/meminfo", "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:  400 kB\n")
    assert memory_used(tmp_path) == pytest.approx(0.6)
    group = tmp_path / "sys/fs/cgroup"
    put(group / "memory.max", "max\n")
    put(group / "memory.current", "900\n")
    assert memory_used(tmp_path) == pytest.approx(0.6)
    put(group / "memory.max", "1000\n")
    put(group / "memory.stat", "anon 1\ninactive_file 50\n")
    assert memory_used(tmp_path) == pytest.approx(0.85)


def test_a_full_memory_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    progress = RunProgress(shown=False, memory=lambda: 0.83)
    source = BadSource("a", FileError("gone"), "missing")
    with caplog.at_level(logging.WARNING):
        for index in range(3 * LOOK_EVERY):
            progress.finished(Outcome(index, source, None, source.error))
    assert [record.getMessage() for record in caplog.records] == [
        "83 % of the memory is in use; a lower --concurrency needs less"
    ]
