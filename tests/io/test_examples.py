"""Every example runs, on real servers where it names them."""

import asyncio
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


async def run(name, *arguments):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error::ResourceWarning", EXAMPLES / name, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode().splitlines()


async def test_databases(database_url):
    driver = {"postgresql": "asyncpg", "mysql": "asyncmy", "sqlite": "aiosqlite"}
    found = await run("databases.py", database_url)
    assert found == [
        *("from a session", "note 500 999", "FROM A TRANSACTION"),
        driver[database_url.partition(":")[0]],
    ]


async def test_raw_drivers(postgres_url, mysql_url):
    assert sorted(await run("raw_drivers.py", postgres_url, mysql_url)) == [
        "aiomysql 42",
        "asyncmy 42",
        "asyncpg 42",
    ]


async def test_cache(redis_place):
    found = await run("cache.py", redis_place[0])
    assert found == ["50 callers, 1 computation", "500 in one pipeline"]


async def test_http_clients(elsewhere):
    found = await run("http_clients.py", f"{elsewhere}/json")
    assert found[0] == "fetch_json {'ok': True}"
    assert "aiohttp 20" in found


async def test_files_and_offload(tmp_path):
    found = await run("files_and_offload.py", str(tmp_path))
    digest = hashlib.sha256(b"x" * 2**20).hexdigest()[:8]
    assert found == ["True 500", "True", "(3, 4)", digest, "2568"]


async def test_many_at_once():
    assert await run("many_at_once.py") == ["39800 200 0"]


def test_no_example_is_left_out():
    text = Path(__file__).read_text()
    for path in EXAMPLES.glob("*.py"):
        assert f'"{path.name}"' in text, path.name


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_each_says_how_it_is_run(path):
    assert f"python examples/{path.name}" in path.read_text()
