"""Runs the real program in a folder of its own, with no key and no setting of the machine's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from program import FOREIGN, Catalyst


@pytest.fixture
def catalyst(tmp_path: Path) -> Iterator[Catalyst]:
    """The program in an empty folder; whatever it started is ended."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    environ["COLUMNS"] = "120"
    program = Catalyst(tmp_path, environ)
    yield program
    for process in program.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file below the program's folder."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
