"""From what a person names to the places to read: files, folders, patterns, URLs, stdin."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal
from urllib.parse import unquote, urlsplit

from ai_catalyst.documents.blob import printable
from ai_catalyst.documents.walking import walk
from ai_catalyst.errors import FileError
from ai_catalyst.io.files import FileMissing

__all__ = ["Locator", "expand"]

_URL = re.compile(r"https?://", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Locator:
    """One place to read: its stable URI, and what it is.

    ``path`` is set for a file; ``error`` where there turned out to be nothing to read.
    """

    uri: str
    kind: Literal["file", "url", "stdin", "bad"]
    path: str | None = None
    error: FileError | None = None


def expand(arguments: Iterable[str | os.PathLike[str] | Locator]) -> Iterator[Locator]:
    """Yield every place the arguments name, lazily, in order; folders in sorted order.

    A folder stands for all files under it but hidden ones; a pattern (``docs/**/*.md``) for the
    files that match; ``-`` for standard input. What does not exist is a locator with an error.
    Repeated arguments count once. A locator stands for itself.
    """
    seen: set[str] = set()
    for argument in arguments:
        if isinstance(argument, Locator):
            yield argument
            continue
        name = os.fsdecode(argument)
        if name not in seen:
            seen.add(name)
            yield from _expand(name)


def _expand(name: str) -> Iterator[Locator]:
    if name == "-":
        yield Locator("-", "stdin")
    elif _URL.match(name):
        yield Locator(bare_url(name), "url", name)
    elif _SCHEME.match(name) and not name.lower().startswith("file://"):
        why = f"{name.partition(':')[0]}: only http, https and file addresses can be read"
        yield Locator(name, "bad", error=FileError(why, path=name, kind="unsupported"))
    else:
        yield from _local(_path_of(name))


def bare_url(url: str) -> str:
    """Return a URL without the credentials in it: it is shown and stored."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{authority.rpartition('@')[2]}{slash}{path}"


def _path_of(name: str) -> str:
    if name.lower().startswith("file://"):
        return unquote(urlsplit(name).path)
    if name.startswith("~") and not os.path.lexists(name):
        return os.path.expanduser(name)  # noqa: PTH111 - a name may hold bytes that are no text
    return name


def _uri(path: str) -> str:
    return printable(PurePath(path).as_posix())


def _local(path: str) -> Iterator[Locator]:
    uri = _uri(path) if path else '""'
    try:
        is_folder = os.path.isdir(path)  # noqa: PTH112
        exists = is_folder or os.path.lexists(path)
    except ValueError:  # a NUL in the name
        exists = is_folder = False
    if is_folder:
        yield from _files(path, "**/*", f"{uri}: holds no file to read")
    elif exists:
        yield Locator(uri, "file", path)
    elif _MAGIC.search(path):
        root, pattern = _split(path)
        yield from _files(root, pattern, f"{uri}: matches no file")
    else:
        why = f"{uri}: there is no such file or folder"
        yield Locator(uri, "bad", error=FileMissing(why, path=uri, kind="missing"))


def _split(path: str) -> tuple[str, str]:
    """Split a pattern into the folder it starts from and the rest."""
    parts = path.split("/")
    first = next(place for place, part in enumerate(parts) if _MAGIC.search(part))
    root = "/".join(parts[:first]) or ("/" if path.startswith("/") else ".")
    return root, "/".join(parts[first:])


def _files(root: str, pattern: str, nothing: str) -> Iterator[Locator]:
    empty = True
    for found in walk(root, pattern):
        if isinstance(found, FileError):
            if isinstance(found, FileMissing) and empty:
                break  # the folder of a pattern that matches nothing
            yield Locator(_uri(found.path or root), "bad", error=found)
        else:
            yield Locator(_uri(found), "file", found)
        empty = False
    if empty:
        uri = _uri(root)
        yield Locator(uri, "bad", error=FileError(nothing, path=uri, kind="empty"))
