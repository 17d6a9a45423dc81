"""Where the state of a working directory lives, and for whose eyes: the owner's only."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ai_catalyst.errors import StoreError

__all__ = ["FILE_NAME", "default_path", "prepare", "resolve", "state_dir"]

FILE_NAME = "catalyst.db"


def state_dir() -> Path:
    """Return the state folder: ``CATALYST_HOME``, else ``.catalyst`` of the working directory."""
    home = os.environ.get("CATALYST_HOME")
    return Path(home).expanduser() if home else Path.cwd() / ".catalyst"


def default_path() -> Path:
    """Return the store's file in the state folder."""
    return state_dir() / FILE_NAME


def resolve(path: Path | str | None) -> Path:
    """Return the file that ``path`` means: None the default, a folder the file in it."""
    if path is None:
        return default_path().absolute()
    given = Path(path).expanduser().absolute()
    return given / FILE_NAME if given.is_dir() else given


def prepare(path: Path) -> None:
    """Make the file and the folders above it, readable by nobody else (0600, 0700).

    A folder that was there keeps its mode, but for our own ``.catalyst``. Raises `StoreError`.
    """
    try:
        _make_folder(path.parent)
        _make_file(path)
    except OSError as error:
        raise StoreError(
            f"the store {path} cannot be made ({error.strerror}): "
            "make its folder writable, or set CATALYST_HOME to one that is"
        ) from error


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        if folder.name == ".catalyst" and folder.stat().st_mode & 0o077:
            with contextlib.suppress(PermissionError):  # another user's folder that we may use
                folder.chmod(0o700)
        return
    for parent in (folder, *folder.parents):
        if parent.is_dir():
            break
    else:  # pragma: no cover - the root is a folder
        return
    for name in folder.relative_to(parent).parts:
        parent /= name
        with contextlib.suppress(FileExistsError):
            parent.mkdir(mode=0o700)


def _make_file(path: Path) -> None:
    # Never open a file that is there: closing any descriptor of it would drop SQLite's locks.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
