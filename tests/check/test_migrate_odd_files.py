"""Odd files: one that cannot be rewritten holds back what depends on it, and no byte is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from ai_catalyst.check.migrate import migrate
from ai_catalyst.errors import FileError, UserError


def test_a_function_is_called_by_the_method_it_is_not_by_its_name(tmp_path: Path) -> None:
    source = "from requests import get as g, post\n\n\ndef f(u):\n    return g(u), post(u)\n"
    (tmp_path / "app.py").write_text(source)
    new = migrate(tmp_path).after["app.py"]
    assert 'return await _http("GET", u), await _http("POST", u)' in new


def test_what_a_file_that_cannot_be_rewritten_calls_stays_as_it_is(tmp_path: Path) -> None:
    """Its calls would not be awaited."""
    (tmp_path / "old.py").write_bytes(
        b"# -*- coding: latin-1 -*-\n# \xe9\nimport time\nfrom helper import wait\n\n\n"
        b"async def top():\n    wait()\n\n\ndef slow():\n    time.sleep(1)\n"
    )
    (tmp_path / "helper.py").write_text("import time\n\n\ndef wait():\n    time.sleep(1)\n")
    (tmp_path / "app.py").write_text("from old import slow\n\n\nasync def a():\n    slow()\n")
    migration = migrate(tmp_path)
    assert migration.problems == [("old.py", "left as it is: it is not UTF-8")]
    assert list(migration.after) == ["app.py"]
    assert "    await asyncio.to_thread(slow)\n" in migration.after["app.py"]


def test_what_would_not_parse_afterwards_holds_its_callers_back(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(
        "import time\n\n\ndef slow():\n    time.sleep(1)\n\n\n"
        "async def a():\n    class B:\n        c = slow()\n\n    return B\n"
    )
    (tmp_path / "app.py").write_text("from odd import slow\n\n\nasync def a():\n    slow()\n")
    migration = migrate(tmp_path)
    assert [path for path, _ in migration.problems] == ["odd.py"]
    assert "await asyncio.to_thread(slow)" in migration.after["app.py"]


def test_a_library_stays_when_a_file_that_uses_it_cannot_be_rewritten(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_bytes(b"# \xe9\nimport requests\n\nsession = requests.Session()\n")
    (tmp_path / "app.py").write_text(
        "from old import session\n\n\nasync def a(u):\n    return session.get(u)\n"
    )
    migration = migrate(tmp_path)
    assert [kept[:3] for kept in migration.kept] == [("old.py", 1, "requests")]
    assert "httpx" not in migration.after.get("app.py", "")


def test_a_byte_order_mark_is_kept(tmp_path: Path) -> None:
    source = b"\xef\xbb\xbfimport time\n\n\nasync def f():\n    time.sleep(1)\n"
    (tmp_path / "app.py").write_bytes(source)
    (tmp_path / "same.py").write_bytes(b"\xef\xbb\xbfasync def f():\n    pass\n")
    migration = migrate(tmp_path)
    assert list(migration.after) == ["app.py"]
    assert migration.after["app.py"].startswith("\ufeffimport asyncio\n")
    migration.write(force=True)
    assert migrate(tmp_path).after == {}


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_diff_can_be_applied_whatever_ends_the_lines(tmp_path: Path) -> None:
    (tmp_path / "last.py").write_bytes(b"import time\n\nasync def f():\n    time.sleep(1)")
    (tmp_path / "feed.py").write_bytes(
        b'import time\n\x0c\nasync def f():\n    time.sleep(1)\n    return "\x0b\x0c\x1c"\n'
    )
    (tmp_path / "crlf.py").write_bytes(
        b"import time\r\n\r\nasync def f():\r\n    time.sleep(1)\r\n"
    )
    migration = migrate(tmp_path)
    patch = "".join(migration.diff()).encode()
    apply = ["git", "apply", "-"]
    subprocess.run(apply, cwd=tmp_path, input=patch, check=True, timeout=60)
    for name in ("last.py", "feed.py", "crlf.py"):
        assert (tmp_path / name).read_bytes().decode() == migration.after[name]
    assert migrate(tmp_path).after == {}


def test_a_file_that_cannot_be_written_keeps_its_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a kill: what is new appears by a rename, or not at all."""
    source = "import time\n\n\nasync def f():\n    time.sleep(1)\n"
    (tmp_path / "app.py").write_text(source)

    def killed(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    migration = migrate(tmp_path)
    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(FileError, match="app"):
        migration.write(force=True)
    assert (tmp_path / "app.py").read_text() == source


def test_what_runs_a_lambda_that_blocks_runs_in_a_thread_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import time\n\n\ndef cost(x):\n    time.sleep(x)\n    return x\n\n\n"
        "def best(xs):\n    return sorted(xs, key=lambda x: cost(x))\n\n\n"
        "async def top():\n    return best([1])\n"
    )
    new = migrate(tmp_path).after["app.py"]
    assert "\ndef best(xs):\n" in new
    assert "    return await asyncio.to_thread(best, [1])\n" in new


def test_a_notebook_that_imports_what_becomes_async_is_listed(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\n\n\ndef wait():\n    time.sleep(1)\n")
    cell = {"cell_type": "code", "source": ["from slow import wait\n", "wait()"]}
    (tmp_path / "use.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4}))
    (tmp_path / "other.ipynb").write_text(json.dumps({"cells": [], "nbformat": 4}))
    assert [kept[0] for kept in migrate(tmp_path).kept] == ["use.ipynb"]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_refusal_names_what_is_not_committed(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import time\n\n\nasync def f():\n    time.sleep(1)\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True, timeout=60)
    with pytest.raises(UserError, match="app"):
        migrate(tmp_path).write()


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("import logging\nclass H(logging.Handler):\n    def emit(self, r):", "    def emit("),
        ("import threading\nclass T(threading.Thread):\n    def run(self):", "    def run("),
        ("from flask import Flask\napp = Flask('a')\n@app.get('/')\ndef index():", "\ndef index("),
    ],
)
def test_what_a_library_calls_without_await_stays(tmp_path: Path, source: str, kept: str) -> None:
    text = f"import time\n{source}\n{' ' * 8}time.sleep(1)\n"
    (tmp_path / "app.py").write_text(text)
    assert kept in migrate(tmp_path).after.get("app.py", text)


def test_nothing_is_awaited_under_a_lock_of_threads(tmp_path: Path) -> None:
    """The second task would wait for the lock on the loop, and the first never get on."""
    (tmp_path / "app.py").write_text(
        "import threading\nimport time\n\nlock = threading.Lock()\n\n\n"
        "def a():\n    with lock:\n        time.sleep(1)\n\n\n"
        "def b():\n    lock.acquire()\n    time.sleep(1)\n    lock.release()\n\n\n"
        "async def c():\n    with lock:\n        time.sleep(1)\n\n\n"
        "async def top():\n    a()\n    b()\n"
    )
    migration = migrate(tmp_path)
    new = migration.after["app.py"]
    assert new.count("time.sleep(1)") == 3
    assert "await asyncio.to_thread(a)\n    await asyncio.to_thread(b)\n" in new
    assert [why for *_, why in migration.kept] == ["a lock of threads is held here"]


def test_a_generator_expression_stays_one(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import time\n\n\ndef w():\n    time.sleep(1)\n\n\n"
        "def every():\n    return all(w() for _ in range(2))\n\n\n"
        "async def top():\n    return every(), any(w() for _ in range(2))\n"
    )
    migration = migrate(tmp_path)
    assert "    return all(w() for _ in range(2))\n" in migration.after["app.py"]
    assert "await asyncio.to_thread(every), any(w() for" in migration.after["app.py"]
    assert [why for *_, why in migration.kept] == ["a context manager or generator that blocks"]


def test_a_command_that_becomes_async_is_listed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project.scripts]\nnap = "pack.cli:main"\nother = "pack.cli:quick"\n'
    )
    (tmp_path / "src" / "pack").mkdir(parents=True)
    (tmp_path / "src" / "pack" / "cli.py").write_text(
        "import time\n\n\ndef main():\n    time.sleep(1)\n\n\ndef quick():\n    pass\n"
    )
    (kept,) = migrate(tmp_path).kept
    assert kept[:3] == ("pyproject.toml", 2, "pack.cli:main")
    assert "asyncio.run" in kept[3]
