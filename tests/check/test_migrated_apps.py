"""Programs say the same before and after their migration, on real servers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import real_servers
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from ai_catalyst.check.migrate import migrate
from ai_catalyst.check.project import check_paths
from ai_catalyst.cli.main import app

APPS = Path(__file__).parent / "apps"


def said(program: Path, environment: dict[str, str]) -> str:
    """Run a program and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", program.name],  # what the old way of a library warns of
        cwd=program.parent,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def says_the_same_after(app: str, folder: Path, environment: dict[str, str]) -> str:
    """Migrate a program, compare what it prints, and return its new source."""
    program = folder / f"{app}.py"
    shutil.copy(APPS / program.name, program)
    before = said(program, environment)
    migration = migrate(folder)
    assert not migration.kept
    assert not migration.problems
    migration.write(force=True)
    assert said(program, environment) == before
    assert not migrate(folder).after
    assert not [f for f in check_paths([folder]).findings if f.cost_ms]
    return program.read_text()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    for url in real_servers.own_database("postgres"):
        yield url.replace("postgresql+asyncpg", "postgresql")


@pytest.fixture
def mysql_url() -> Iterator[str]:
    yield from real_servers.own_database("mysql")


def test_psycopg2_becomes_asyncpg(tmp_path: Path, postgres_url: str) -> None:
    pytest.importorskip("psycopg2")
    new = says_the_same_after("with_psycopg2", tmp_path, {"DATABASE_URL": postgres_url})
    assert "psycopg2.connect" not in new
    assert "values ($1, $2, $3)" in new


def test_copies_and_cursors_of_the_server_become_asyncpg(tmp_path: Path, postgres_url: str) -> None:
    pytest.importorskip("psycopg2")
    new = says_the_same_after("with_psycopg2_more", tmp_path, {"DATABASE_URL": postgres_url})
    assert 'await cur.copy_to_table("t", source=_parts_of(' in new
    assert "async for row in cur.cursor(" in new
    assert "prefetch=2" in new


def test_a_connection_that_commits_by_itself_needs_no_transaction(
    tmp_path: Path, postgres_url: str
) -> None:
    pytest.importorskip("psycopg2")
    new = says_the_same_after("with_autocommit", tmp_path, {"DATABASE_URL": postgres_url})
    assert "async with self.conn.alone() as cur:" in new
    assert "autocommit" not in new


def test_pymysql_becomes_aiomysql(tmp_path: Path, mysql_url: str) -> None:
    pytest.importorskip("aiomysql")
    url = make_url(mysql_url)
    environment = {
        "DB_HOST": str(url.host),
        "DB_PORT": str(url.port or 3306),
        "DB_USER": str(url.username),
        "DB_PASSWORD": str(url.password or ""),
        "DB_NAME": str(url.database),
    }
    assert "pymysql" not in says_the_same_after("with_pymysql", tmp_path, environment)


def test_programs_and_sessions_wait_on_the_loop(tmp_path: Path) -> None:
    new = says_the_same_after("with_programs", tmp_path, {})
    assert "to_thread" not in new
    assert "requests" not in new


def test_cases_of_unittest_get_a_loop(tmp_path: Path) -> None:
    new = says_the_same_after("with_unittest", tmp_path, {})
    assert "class Slow(unittest.IsolatedAsyncioTestCase):" in new
    assert "    async def asyncSetUp(self):" in new
    assert "        await super().asyncSetUp()" in new


def test_urllib_and_processes_wait_on_the_loop(tmp_path: Path) -> None:
    pytest.importorskip("httpx")
    new = says_the_same_after("with_urllib", tmp_path, {})
    assert "with await _urlopen(base" in new
    assert "async with await _popen(" in new
    assert "out, err = await process.communicate(" in new


def test_sqlalchemy_becomes_its_async_part(tmp_path: Path) -> None:
    pytest.importorskip("aiosqlite")
    new = says_the_same_after("with_sqlalchemy", tmp_path, {})
    assert "to_thread" not in new
    assert "create_async_engine(" in new
    assert 'DATABASE_URL = "sqlite+aiosqlite:///shelf.db"' in new


def test_routes_sessions_and_their_test_client_move_together(tmp_path: Path) -> None:
    for name in ("aiosqlite", "fastapi", "httpx"):
        pytest.importorskip(name)
    new = says_the_same_after("with_fastapi", tmp_path, {})
    assert "async def database():\n    async with Factory() as session:" in new
    assert "async def orders(article: str | None = None, db: AsyncSession" in new
    assert "await client.post(" in new
    assert "_at_import(engine, Base.metadata.create_all)" in new


def passes_its_tests(folder: Path, url: str) -> str:
    """Run an application's own tests, and return the last line that pytest wrote."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "."],
        cwd=folder,
        env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout.strip().splitlines()[-1]


def test_an_application_with_its_tests_moves_to_async_sessions(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("psycopg2", "httpx", "pytest_asyncio"):
        pytest.importorskip(name)
    folder = tmp_path / "library"
    shutil.copytree(APPS / "library", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.chdir(folder)
    sync_url = postgres_url.replace("postgresql:", "postgresql+psycopg2:")
    assert passes_its_tests(folder, sync_url).startswith("12 passed")
    assert CliRunner().invoke(app, ["migrate", ".", "--write", "--force"]).exit_code == 0
    assert passes_its_tests(folder, sync_url).startswith("12 passed")
    assert not check_paths([Path()], everything=True).findings
    assert not migrate(folder).after
    assert "asyncpg\n" in (folder / "requirements.txt").read_text()
    database = (folder / "library" / "database.py").read_text()
    assert "async def get_db():" in database
    assert "async_sessionmaker(bind=engine, autoflush=False, expire_on_commit=False)" in database
