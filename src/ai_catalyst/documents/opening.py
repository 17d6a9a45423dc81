"""A file opened and recognised, in a thread; a small and harmless one is read on the spot."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field

from ai_catalyst.documents.blob import Blob, open_regular, unusable
from ai_catalyst.documents.inflate import GZIP_MAGIC, inflate_head
from ai_catalyst.documents.parsing import all_items, named
from ai_catalyst.documents.readers.registry import HEAD, TAIL, Data, Reader, Sample, detect
from ai_catalyst.errors import FileError

__all__ = ["Opened", "digest_of", "open_blob"]

SMALL = 2**18
"""Up to this size a file is read in the hop that opens it."""
AT_HAND = 2**15
"""Up to this size a flawless file is parsed in less time than it takes to hand it over."""
HELD = 8 * 2**20
"""Up to this size a file goes to its worker as bytes; a larger one by its path."""


@dataclass(slots=True)
class Opened:
    """A file that was looked at: its blob and reader, or the error.

    ``found`` holds its items when it was small and harmless enough to be read at once; ``at_hand``
    tells that it is so small that its reader may glance at it on the spot.
    """

    blob: Blob
    reader: Reader | None = None
    found: list[Data | FileError] | None = field(default=None, repr=False)
    error: FileError | None = None
    at_hand: bool = False

    def glance(self) -> bool:
        """Read the file if that takes no time; tell whether it did."""
        if (
            self.reader is not None
            and self.reader.glance is not None
            and self.blob.data is not None
        ):
            self.found = self.reader.glance(self.blob.data)  # type: ignore[assignment]
        return self.found is not None

    def read(self) -> None:
        """Read the file, in a thread."""
        assert self.reader is not None
        self.found = all_items(self.reader.read, self.blob)


def open_blob(blob: Blob | FileError, *, glances: bool = False) -> Opened:
    """Look at a file, choose its reader, and read it when it is small and its format harmless.

    With ``glances`` the smallest are left to the caller, who is nearer to where they are wanted.
    An error that stands in a file's place is passed on.
    """
    if isinstance(blob, FileError):
        return Opened(Blob(blob.path or ""), error=blob)
    try:
        opened = _open(blob)
    except FileError as error:
        return Opened(blob, error=named(error, blob.name))
    reader, data = opened.reader, blob.data
    if data is None or reader is None or reader.hostile or blob.gzipped or len(data) > SMALL:
        return opened
    if glances and reader.glance is not None and len(data) <= AT_HAND:
        opened.at_hand = True
    else:
        opened.read()
    return opened


def _open(blob: Blob) -> Opened:
    if blob.data is None:
        size, start, tail = _fetch(blob)
    else:
        size, start, tail = len(blob.data), blob.data, blob.data[-TAIL:]
    if not size:
        raise FileError("is empty", kind="empty")
    if start.startswith(GZIP_MAGIC):
        start = _unzipped(blob, start)
        if not start:
            raise FileError("the compressed data is empty or damaged")
    zipped = start.startswith(b"PK")
    sample = Sample.of(
        start[: HEAD if not zipped else TAIL],
        extension=blob.extension,
        media_type=blob.media_type,
        tail=tail if zipped else b"",
    )
    reader = detect(sample)
    if size > (reader.max_bytes or blob.limits.whole_bytes) and not reader.streams:
        raise blob.too_large(reader.max_bytes or blob.limits.whole_bytes)
    return Opened(blob, reader)


def _fetch(blob: Blob) -> tuple[int, bytes, bytes]:
    """Read what is needed of a file: all when it is small, else its two ends."""
    assert blob.path is not None
    handle, status = open_regular(blob.path, blob.name)
    try:
        size = status.st_size
        start = b""
        wanted = min(size, SMALL) + 1
        while more := os.read(handle, wanted - len(start)):
            start = start + more if start else more
            if len(start) >= min(size, wanted):
                break
        if size <= SMALL:
            blob.data = start
            return len(start), start, start[-TAIL:]
        os.lseek(handle, max(0, size - TAIL), os.SEEK_SET)
        return size, start, os.read(handle, TAIL)
    except OSError as error:
        raise unusable(error, blob.name) from error
    finally:
        os.close(handle)


def _unzipped(blob: Blob, start: bytes) -> bytes:
    """Look into a gzip file, return its beginning; a small one that stays small is inflated."""
    blob.gzipped = True
    if blob.data is None:
        return inflate_head(start, TAIL)
    head = inflate_head(start, SMALL)
    if len(head) < SMALL:
        try:
            whole = blob.read(SMALL)
        except FileError:  # torn: what comes before may be worth having
            return head
        blob.data, blob.gzipped = whole, False
    return head


def held(blob: Blob) -> Blob:
    """Fetch a file's bytes, when they are few enough to be sent to a worker."""
    if blob.data is None and blob.path is not None:
        handle, status = open_regular(blob.path, blob.name)
        with os.fdopen(handle, "rb") as file:
            if status.st_size <= HELD:
                blob.data = file.read(HELD)
    return blob


def digest_of(blob: Blob) -> str:
    """Return the SHA-256 of a blob's raw bytes, in hex."""
    if blob.data is not None:
        return hashlib.sha256(blob.data).hexdigest()
    assert blob.path is not None
    handle, _ = open_regular(blob.path, blob.name)
    with os.fdopen(handle, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
