"""``catalyst backup`` and ``catalyst restore``: the whole state in one file, while others work."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ai_catalyst.cli.exits import ALL_DONE
from ai_catalyst.cli.terminal import size
from ai_catalyst.errors import StoreError, UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["backup", "restore"]

_LEFT_OUT = (".lock", "-wal", "-shm", "-journal")


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, such as state.tar.gz.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> int:
    """Write the state folder into one file: databases whole, though others are writing them."""
    from ai_catalyst.store.place import state_dir

    home = state_dir()
    if not home.is_dir():
        raise UserError(f"there is no state in {home}: nothing to keep")
    if file.exists() and not force:
        raise UserError(f"{file} is there already: name another file, or say --force")
    try:
        with _beside(file) as draft:
            _write(home, draft)
            draft.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the backup {file} cannot be written ({error})") from error
    typer.echo(f"{home} is kept in {file} ({size(file.stat().st_size)}); keep it as safe as that")
    return ALL_DONE


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `catalyst backup` wrote.")],
    force: Annotated[
        bool, typer.Option("--force", help="Put it in place of a state that is there.")
    ] = False,
) -> int:
    """Put a kept state back, whole or not at all. Stop the service first."""
    from ai_catalyst.store.place import state_dir

    home = state_dir().absolute()
    if not file.is_file():
        raise UserError(f"there is no file {file}: name one that `catalyst backup` wrote")
    if home.exists() and any(home.iterdir()) and not force:
        raise UserError(f"{home} holds a state already: move it away, or say --force")
    home.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=home.parent, prefix=".restore-") as name:
            draft = Path(name) / "state"
            with tarfile.open(file, "r:gz") as archive:
                archive.extractall(draft, filter="data")
            _check(draft, file)
            if home.exists():
                home.replace(Path(name) / "before")
            draft.replace(home)
    except (OSError, tarfile.TarError, sqlite3.Error) as error:
        raise UserError(f"{file} is no backup of ours, or damaged ({error})") from error
    home.chmod(0o700)
    typer.echo(f"{home} is as it was when {file} was written")
    return ALL_DONE


@contextlib.contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """Lend a file in the same folder, for its owner's eyes only, that goes unless it is moved."""
    handle, name = tempfile.mkstemp(dir=file.absolute().parent, prefix=".backup-")
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _write(home: Path, draft: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, tarfile.open(draft, "w:gz") as archive:
        for path in sorted(home.rglob("*")):
            if not path.is_file() or path.name.endswith(_LEFT_OUT):
                continue
            name = str(path.relative_to(home))
            if path.suffix == ".db":
                copy = Path(folder) / "copy.db"
                _copy_database(path, copy)
                archive.add(copy, name)
                copy.unlink()
            else:
                with contextlib.suppress(FileNotFoundError):  # an upload that was just read
                    archive.add(path, name)
    with draft.open("rb") as file:
        os.fsync(file.fileno())


def _copy_database(path: Path, copy: Path) -> None:
    """Copy one moment of a database, without stopping those who write it."""
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as database:
        database.execute("VACUUM INTO ?", (str(copy),))


def _check(draft: Path, file: Path) -> None:
    databases = list(draft.rglob("*.db"))
    if not databases:
        raise UserError(f"{file} holds no state")
    for path in databases:
        with contextlib.closing(sqlite3.connect(path)) as database:
            (verdict,) = database.execute("PRAGMA quick_check").fetchone()
        if verdict != "ok":
            raise UserError(f"{file} is damaged: its database {path.name} is not whole")
