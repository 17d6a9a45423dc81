"""Dependency files follow the code: the new library stands where the old one stood."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_catalyst.check.migrate import migrate

SOURCE = (
    "import psycopg2\nimport requests\n\n\n"
    "def connect(url):\n    return psycopg2.connect(url)\n\n\n"
    "async def page(url):\n    return requests.get(url).text\n"
)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (
            "requirements.txt",
            "psycopg2-binary==2.9.9\nrequests[socks]>=2  # pages\nrequests-cache\n",
            "asyncpg\nhttpx  # pages\nrequests-cache\n",
        ),
        ("requirements.txt", "requests\nhttpx==0.28\n", "httpx==0.28\n"),
        (
            "pyproject.toml",
            '[project]\ndependencies = [\n    "psycopg2>=2.9",\n    "requests",\n]\n',
            '[project]\ndependencies = [\n    "asyncpg",\n    "httpx",\n]\n',
        ),
    ],
)
def test_the_new_library_takes_the_old_ones_place(
    tmp_path: Path, name: str, before: str, after: str
) -> None:
    (tmp_path / "app.py").write_text(SOURCE)
    (tmp_path / name).write_text(before)
    migration = migrate(tmp_path)
    assert migration.after[name] == after
    migration.write(force=True)
    assert not migrate(tmp_path).after


def test_a_library_that_stays_in_use_stays_required(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import requests\nimport time\n\n\nasync def f(url):\n    time.sleep(1)\n"
        "    return requests.get(url, stream=True)\n"
    )
    (tmp_path / "requirements.txt").write_text("requests\n")
    assert list(migrate(tmp_path).after) == ["app.py"]
