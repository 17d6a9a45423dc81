"""Places to read, as they travel: in the shared database, never through the cluster's engine.

The name of a file can tell of a person, so that shards are rows that a worker looks up by number.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

import ai_catalyst
from ai_catalyst.documents.locating import Locator

__all__ = [
    "ROOM",
    "Place",
    "as_locator",
    "as_place",
    "pack",
    "position",
    "unpack",
    "unseen_folder",
]

ROOM = 1 << 32
"""Documents that one source has room for: a position is the source's number and its own therein."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """One source of the plan: its number, its stable URI, and where to read it.

    ``path`` holds the bytes of a file's absolute name, or of a URL. What comes with the package
    (``bundled``) is named from the package's folder, which is not the same on all machines.
    """

    number: int
    uri: str
    kind: Literal["file", "url", "bundled"]
    path: bytes = b""


def position(number: int, index: int) -> int:
    """Return where a source's document stands among all of the run; keeps the source order."""
    return number * ROOM + index


def as_place(number: int, locator: Locator) -> Place:
    """Return a locator as it can travel; it is a file's or a URL's."""
    path = locator.path or locator.uri
    if locator.kind == "url":
        return Place(number, locator.uri, "url", path.encode("utf-8", "surrogatepass"))
    absolute = os.path.abspath(path)  # noqa: PTH100 - links stay links, as they were named
    inside = absolute.removeprefix(f"{_package()}{os.sep}")
    if inside != absolute:
        return Place(number, locator.uri, "bundled", os.fsencode(inside))
    return Place(number, locator.uri, "file", os.fsencode(absolute))


def as_locator(place: Place) -> Locator:
    """Return the place as the readers of this machine know it."""
    if place.kind == "url":
        return Locator(place.uri, "url", place.path.decode("utf-8", "surrogatepass"))
    path = os.fsdecode(place.path)
    if place.kind == "bundled":
        path = os.path.join(_package(), path)  # noqa: PTH118
    return Locator(place.uri, "file", path)


def pack(places: Sequence[Place]) -> bytes:
    """Return the places of a shard as its row keeps them."""
    return zlib.compress(msgspec.msgpack.encode(list(places)), 1)


def unpack(packed: bytes) -> list[Place]:
    """Return the places of a row."""
    return msgspec.msgpack.decode(zlib.decompress(packed), type=list[Place])


def unseen_folder(places: Iterable[Place]) -> str | None:
    """Return a folder of the places that this machine does not have; None when it has all."""
    files = (os.fsdecode(place.path) for place in places if place.kind == "file")
    for folder in sorted({path.rpartition(os.sep)[0] for path in files}):
        if not os.path.isdir(folder or os.sep):  # noqa: PTH112
            return folder
    return None


def _package() -> str:
    return str(Path(ai_catalyst.__file__).parent)
