"""The files of a folder, sorted: links lead in no circles, hidden ones are passed over."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from ai_catalyst.documents.blob import printable, unusable
from ai_catalyst.errors import FileError

__all__ = ["walk"]


def walk(root: str, pattern: str = "**/*") -> Iterator[str | FileError]:
    """Yield the path of each file under ``root`` that matches, sorted by path, as it is found.

    ``**`` in the pattern stands for any folders. What begins with a dot matches only a pattern part
    that does too. A link to a folder outside is followed, once; one to a folder inside leads to
    files that are found anyway. A folder that cannot be read is a `FileError` in its place.
    """
    matches = _compiled(pattern)
    depth = None if "**" in pattern else pattern.count("/") + 1
    hidden = any(part.startswith(".") for part in pattern.split("/"))
    inside = os.path.realpath(root) + os.sep
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[str, str, int, bool]] = [(root, "", 0, True)]
    while waiting:
        path, relative, level, folder = waiting.pop()
        if not folder:
            if matches(relative):
                yield path
            continue
        try:
            found = _entries(path, inside, seen)
        except OSError as error:
            yield unusable(error, printable(path))
            continue
        if depth is not None and level >= depth:
            continue
        for name, is_folder in reversed(found):
            if name.startswith(".") and not hidden:
                continue
            below = f"{relative}/{name}" if relative else name
            waiting.append((os.path.join(path, name), below, level + 1, is_folder))  # noqa: PTH118


def _entries(path: str, inside: str, seen: set[tuple[int, int]]) -> list[tuple[str, bool]]:
    """Return the names in a folder, sorted, and which of them are folders to go into."""
    found: list[tuple[str, bool]] = []
    with os.scandir(path) as entries:
        for entry in entries:
            if not entry.is_symlink():
                found.append((entry.name, entry.is_dir()))
            elif not _leads_to_folder(entry):
                found.append((entry.name, False))
            elif _first_time_outside(entry, inside, seen):
                found.append((entry.name, True))
    found.sort()
    return found


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    """Say whether a link does; one that leads nowhere is told of when it is read."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _first_time_outside(entry: os.DirEntry[str], inside: str, seen: set[tuple[int, int]]) -> bool:
    target = os.path.realpath(entry.path) + os.sep
    if target.startswith(inside) or inside.startswith(target):
        return False
    status = entry.stat()
    key = (status.st_dev, status.st_ino)
    if key in seen:
        return False
    seen.add(key)
    return True


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> Callable[[str], object]:
    if pattern in {"**/*", "**"}:
        return lambda relative: True
    parts = [part for part in pattern.replace(os.sep, "/").split("/") if part not in {"", "."}]
    regex = ""
    for place, part in enumerate(parts, 1):
        last = place == len(parts)
        if part == "**":
            regex += ".*" if last else "(?:[^/]+/)*"
        else:
            regex += _part(part) + ("" if last else "/")
    return re.compile(regex, re.DOTALL).fullmatch


def _part(part: str) -> str:
    """Translate one part of a pattern; a leading dot is matched by a dot alone."""
    regex = "" if part.startswith(".") else r"(?!\.)"
    for piece in _PIECE.findall(part):
        if piece == "*":
            regex += "[^/]*"
        elif piece == "?":
            regex += "[^/]"
        elif len(piece) > 1:
            regex += _set(piece)
        else:
            regex += re.escape(piece)
    return regex


def _set(piece: str) -> str:
    """Translate ``[a-c]`` and ``[!x]``; what makes no sense stands for itself."""
    inner = piece[1:-1].replace("\\", r"\\")
    inside = re.sub(r"([\[\]^&~|])", r"\\\1", inner.removeprefix("!"))
    regex = f"(?!/)[{'^' * inner.startswith('!')}{inside}]"
    try:
        re.compile(regex)
    except re.error:
        return re.escape(piece)
    return regex


_PIECE = re.compile(r"\[!?[^\]!][^\]]*\]|.", re.DOTALL)
