"""A store in a folder of its own, and programs that run beside it.

What a file and a shared database promise alike is tested on both: such tests open their stores
with a `shelf`.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from real_servers import empty_tables, own_database
from shelf import Shelf

from ai_catalyst.store import RunStore, Store

Program = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "catalyst.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    async with Store(path) as opened:
        yield opened


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A database for all tests of this process; each finds its tables empty."""
    yield from own_database("postgres")


@pytest.fixture
def database_url(server_url: str) -> str:
    """The database, empty."""
    empty_tables(server_url)
    return server_url


@pytest.fixture(params=["file", "server"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    folder = tmp_path / "shelf"
    folder.mkdir()
    if request.param == "file":
        return Shelf(folder)
    return Shelf(folder, request.getfixturevalue("database_url"))


@pytest.fixture
async def either(shelf: Shelf) -> AsyncIterator[RunStore]:
    """A store of either kind."""
    async with shelf.open() as opened:
        yield opened


@pytest.fixture
def program() -> Iterator[Program]:
    """Start Python programs in other processes; what still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def start(source: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(source), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()
