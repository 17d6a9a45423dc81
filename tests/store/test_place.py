"""Where the state lives, and who may read it."""

import os
import stat
from pathlib import Path

import pytest

from ai_catalyst.errors import StoreError
from ai_catalyst.store import Store, default_path, state_dir
from ai_catalyst.store.place import prepare, resolve


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_state_folder_is_catalyst_home_or_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CATALYST_HOME", raising=False)
    assert state_dir() == tmp_path / ".catalyst"
    monkeypatch.setenv("CATALYST_HOME", str(tmp_path / "home"))
    assert state_dir() == tmp_path / "home"
    assert default_path() == resolve(None) == tmp_path / "home" / "catalyst.db"


def test_a_folder_means_the_file_in_it_and_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    assert resolve(tmp_path) == tmp_path / "catalyst.db"
    assert resolve(str(tmp_path / "x.db")) == tmp_path / "x.db"


async def test_only_the_owner_can_read_what_is_made(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        path = tmp_path / "a" / ".catalyst" / "catalyst.db"
        async with Store(path) as store:
            await store.start_run("x")
            assert mode(path.parent) == mode(path.parent.parent) == 0o700
            made = list(path.parent.iterdir())
            assert {file.name for file in made} >= {"catalyst.db", "catalyst.db-wal"}
            assert {mode(file) for file in made} == {0o600}
    finally:
        os.umask(old)


def test_our_own_folder_is_closed_to_others_and_another_is_left_as_it_is(tmp_path: Path) -> None:
    for name, expected in ((".catalyst", 0o700), ("shared", 0o755)):
        folder = tmp_path / name
        folder.mkdir(mode=0o755)
        prepare(folder / "catalyst.db")
        assert mode(folder) == expected


def test_a_folder_that_cannot_be_made_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="CATALYST_HOME"):
        prepare(tmp_path / "file" / "catalyst.db")


def test_building_a_store_touches_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "state" / "catalyst.db")
    assert store.path == tmp_path / "state" / "catalyst.db"
    assert list(tmp_path.iterdir()) == []
