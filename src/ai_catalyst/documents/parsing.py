"""A reader put to work on one blob, in a thread or a worker; foreign errors get our names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai_catalyst.errors import FileError, FileTimeout
from ai_catalyst.io.files import FileUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai_catalyst.documents.blob import Blob
    from ai_catalyst.documents.readers.registry import Data, Read

__all__ = ["all_items", "batches", "collect", "items", "mapped", "named"]

COLLECTED = 2000
"""How many items a worker hands over in one answer; a file with more is streamed."""
COLLECTED_CHARS = 8 * 2**20
STREAMED = 200


def items(read: Read, blob: Blob) -> Iterator[Data | FileError]:
    """Yield what a reader finds; what ends it early is yielded last, as a `FileError`."""
    try:
        yield from read(blob)
    except Exception as error:  # noqa: BLE001 - a parser may raise anything on a hostile file
        yield mapped(error, blob.name)


def all_items(read: Read, blob: Blob) -> list[Data | FileError]:
    """Return what `items` yields, as a list: for small files, where a generator would cost."""
    found: list[Data | FileError] = []
    try:
        found.extend(read(blob))
    except Exception as error:  # noqa: BLE001 - a parser may raise anything on a hostile file
        found.append(mapped(error, blob.name))
    return found


def mapped(error: Exception, name: str) -> FileError:
    """Return what a parser raised as an error of ours."""
    if isinstance(error, FileError):
        return named(error, name)
    if isinstance(error, (MemoryError, RecursionError)):
        kind = "out_of_memory" if isinstance(error, MemoryError) else "malformed"
        ours = FileError("too deep or too large to be read", kind=kind)
    else:
        ours = FileError(f"could not be parsed ({type(error).__name__})")
    ours.__cause__ = error
    return named(ours, name)


def named(error: FileError, name: str) -> FileError:
    """Return the error with the file's name, and its line, in the message."""
    if error.path is not None:
        return error
    place = f"{name}, line {error.line}" if error.line else name
    if isinstance(error, FileUnusable):
        error.path = name
        return error
    kind = FileTimeout if isinstance(error, FileTimeout) else FileError
    result = kind(f"{place}: {error}", path=name, line=error.line, kind=error.kind)
    result.__cause__ = error.__cause__
    return result


def collect(read: Read, blob: Blob) -> tuple[list[Data | FileError], bool]:
    """Read a whole blob, in a worker; ``False`` when it holds too much to hand over at once."""
    found: list[Data | FileError] = []
    size = 0
    for item in items(read, blob):
        found.append(item)
        if not isinstance(item, FileError):
            size += sum(len(value) for value in item.values() if isinstance(value, str))
        if len(found) > COLLECTED or (len(found) > 1 and size > COLLECTED_CHARS):
            return [], False
    return found, True


def batches(read: Read, blob: Blob) -> Iterator[list[Data | FileError]]:
    """Yield a blob's items some at a time, in a worker: each message costs more than many items."""
    batch: list[Data | FileError] = []
    size = 0
    for item in items(read, blob):
        batch.append(item)
        if not isinstance(item, FileError):
            size += sum(len(value) for value in item.values() if isinstance(value, str))
        if len(batch) >= STREAMED or size > 2**20:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
