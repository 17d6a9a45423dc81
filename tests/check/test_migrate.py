"""A project is migrated by one command, passes its tests, and a second run changes nothing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import real_servers
from typer.testing import CliRunner

from ai_catalyst.check.migrate import migrate
from ai_catalyst.check.project import check_paths
from ai_catalyst.cli.main import app
from ai_catalyst.errors import UserError

EXAMPLE = Path(__file__).parents[2] / "examples" / "legacy_app"


def migrated(folder: Path, source: str) -> str:
    """Return what one file becomes."""
    (folder / "app.py").write_text(source)
    migration = migrate(folder)
    assert not migration.problems
    return migration.after.get("app.py", source)


def test_a_sleep_becomes_async_up_to_the_async_caller(tmp_path: Path) -> None:
    new = migrated(
        tmp_path,
        "import time\n\n\ndef a():\n    time.sleep(1)  # let it settle\n\n\ndef b():\n    a()\n"
        "    return 2\n\n\nasync def c():\n    return b() + 1\n",
    )
    assert "async def a():\n    await asyncio.sleep(1)  # let it settle\n" in new
    assert "async def b():\n    await a()\n" in new
    assert "return await b() + 1" in new
    assert "import time" not in new


def test_the_modules_own_code_starts_a_loop(tmp_path: Path) -> None:
    new = migrated(
        tmp_path,
        "import time\n\n\ndef main():\n    time.sleep(1)\n\n\n"
        "if __name__ == '__main__':\n    main()\n",
    )
    assert "    asyncio.run(main())\n" in new


def test_the_base_of_an_attribute_gets_brackets(tmp_path: Path) -> None:
    new = migrated(
        tmp_path, "import requests\n\n\nasync def f(u):\n    return requests.get(u).json()\n"
    )
    assert '(await _http("GET", u)).json()' in new
    assert "import httpx" in new


def test_an_open_file_stays_and_runs_in_a_thread(tmp_path: Path) -> None:
    new = migrated(
        tmp_path,
        "def read(p):\n    with open(p) as f:\n        return f.read()\n\n\n"
        "async def view(p):\n    return read(p)\n",
    )
    assert "def read(p):" in new
    assert "async def read" not in new
    assert "return await asyncio.to_thread(read, p)" in new


STREAMED = (
    "import subprocess\n\n\nasync def f(c):\n    p = subprocess.Popen(c, stdout=-1)\n"
    "    for line in p.stdout:\n        print(line)\n    p.wait()\n"
)
HANDED = "import subprocess\n\n\ndef start(c):\n    return subprocess.Popen(c)\n"


@pytest.mark.parametrize("source", [STREAMED, HANDED])
def test_a_process_that_is_read_or_handed_on_stays(source: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(source)
    assert "_popen" not in migrate(tmp_path).after.get("app.py", "")


def test_a_line_that_may_block_stays(tmp_path: Path) -> None:
    source = "import time\n\n\nasync def f():\n    time.sleep(1)  # noqa: blocking(one user)\n"
    assert migrated(tmp_path, source) == source


def test_an_opener_of_its_own_keeps_urllib(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "from urllib.request import install_opener, urlopen\n\n\nasync def f(u):\n"
        "    install_opener(None)\n    return urlopen(u)\n"
    )
    migration = migrate(tmp_path)
    assert "_urlopen" not in migration.after.get("app.py", "")
    assert any(what == "urllib" and "install_opener" in why for *_, what, why in migration.kept)


OPEN = "async def f(p):\n    with open(p) as file:\n        return file.read()\n"
PROPERTY = (
    "import time\n\n\nclass A:\n    @property\n    def x(self):\n        time.sleep(1)\n\n\n"
    "async def f(a: A):\n    return a.x\n"
)


@pytest.mark.parametrize(("source", "reason"), [(OPEN, "expression"), (PROPERTY, "property")])
def test_what_cannot_be_done_stays_and_says_why(tmp_path: Path, source: str, reason: str) -> None:
    (tmp_path / "app.py").write_text(source)
    migration = migrate(tmp_path)
    assert not migration.after
    assert any(reason in why for *_, why in migration.kept)


def test_every_method_of_a_family_changes_together(tmp_path: Path) -> None:
    new = migrated(
        tmp_path,
        "import time\n\n\nclass Base:\n    def go(self):\n        return 1\n\n\n"
        "class Slow(Base):\n    def go(self):\n        time.sleep(1)\n\n\n"
        "async def run(b: Base):\n    b.go()\n",
    )
    assert new.count("async def go") == 2
    assert "    await b.go()\n" in new


def test_a_function_that_is_handed_around_stays(tmp_path: Path) -> None:
    new = migrated(
        tmp_path,
        "import threading\nimport time\n\n\ndef work():\n    time.sleep(1)\n\n\n"
        "def start():\n    threading.Thread(target=work).start()\n",
    )
    assert "async" not in new


def test_a_generator_expression_is_not_given_an_await(tmp_path: Path) -> None:
    source = (
        "from pathlib import Path\n\n\nasync def f(names):\n"
        "    return sum(len(Path(n).read_text()) for n in names)\n"
    )
    assert migrated(tmp_path, source) == source


def test_write_refuses_a_dirty_tree_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import time\n\n\nasync def f():\n    time.sleep(1)\n")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    with pytest.raises(UserError, match="uncommitted"):
        migrate(tmp_path).write()
    assert "time.sleep" in (tmp_path / "app.py").read_text()
    migrate(tmp_path).write(force=True)
    assert "asyncio.sleep" in (tmp_path / "app.py").read_text()


def test_a_broken_file_is_named_and_the_others_are_migrated(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "app.py").write_text("import time\n\n\nasync def f():\n    time.sleep(1)\n")
    migration = migrate(tmp_path)
    assert list(migration.after) == ["app.py"]
    assert migration.problems[0][0] == "broken.py"


CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_written_parses_and_a_second_run_changes_nothing(
    case: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "case"
    shutil.copytree(case, folder)
    migration = migrate(folder)
    assert not migration.problems
    for path in migration.write(force=True):
        compile(path.read_text(), str(path), "exec")
    assert not migrate(folder).after


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server of our own: the example empties it."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    command = [program, "--port", str(port), "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)
    yield f"redis://127.0.0.1:{port}"
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    yield from real_servers.own_database("postgres")


def passes_its_tests(folder: Path, postgres: str, redis: str) -> str:
    """Run an application's own tests, and return the last line that pytest wrote."""
    url = postgres.replace("postgresql+asyncpg", "postgresql")
    environment = {**os.environ, "DATABASE_URL": url, "REDIS_URL": redis, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "."],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout.strip().splitlines()[-1]


def test_the_example_is_migrated_by_one_command_and_passes_its_tests(
    tmp_path: Path, postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("psycopg2", "requests", "httpx", "pytest_asyncio"):
        pytest.importorskip(name)
    folder = tmp_path / "legacy_app"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.chdir(folder)
    assert passes_its_tests(folder, postgres_url, redis_url).startswith("15 passed")
    assert any(f.cost_ms for f in check_paths([Path()]).findings)
    assert CliRunner().invoke(app, ["migrate", ".", "--write", "--force"]).exit_code == 0
    assert passes_its_tests(folder, postgres_url, redis_url).startswith("15 passed")
    assert not [f for f in check_paths([Path()], everything=False).findings if f.cost_ms]
    assert not migrate(folder).after
