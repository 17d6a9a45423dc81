"""Which reader reads a file: decided by its content first, then by its name."""

from __future__ import annotations

import functools
import importlib
import logging
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.encoding import encoding_of, is_binary
from ai_catalyst.errors import FileError

__all__ = ["Data", "Read", "Reader", "Sample", "detect", "reader_of", "readers"]

log = logging.getLogger(__name__)

Data = Mapping[str, Any]
Read = Callable[[Blob], "Iterator[Data | FileError]"]
Glance = Callable[[bytes], "list[Data] | None"]

HEAD = 4096
"""How many first bytes a reader may look at to know its format."""
TAIL = 65536
"""How many last bytes it may look at, of a ZIP archive: its table of contents is there."""
SURE = 50
"""From this score on the content decides alone; below, the file's name is asked first."""


@dataclass(slots=True)
class Sample:
    """What is known of a file before it is read.

    ``head`` are its first decoded bytes, ``tail`` its last (ZIP archives only), ``text`` the head
    as lower-case UTF-8 without mark and leading space, ``extension`` without the dot.
    """

    head: bytes
    text: bytes
    extension: str = ""
    media_type: str = ""
    tail: bytes = b""

    @classmethod
    def of(
        cls, head: bytes, *, extension: str = "", media_type: str = "", tail: bytes = b""
    ) -> Sample:
        """Make a sample of a file's first bytes."""
        text = head[:HEAD]
        if not text.isascii():
            text = _as_utf8(text)
        return cls(head, text.lstrip().lower(), extension, media_type, tail)


def _as_utf8(head: bytes) -> bytes:
    encoding = encoding_of(head)
    if encoding == "utf-8":
        return head
    return head.decode(encoding, "replace").lstrip("\ufeff").encode("utf-8", "replace")


def no_sign(sample: Sample) -> int:
    """Find nothing: for formats that only a file's name gives away."""
    return 0


@dataclass(frozen=True, slots=True)
class Reader:
    """One format: how it is known and how it is read.

    ``read(blob)`` yields one mapping an item; a broken item among good ones is yielded as a
    `FileError`, a file that cannot be read at all raises one. ``sniff(sample)`` returns 0 (no sign)
    to 100 (certain); it is asked only about texts that begin with one of the (lower-case) bytes in
    ``starts``, about all when there are none.

    ``shape`` says what the items are: ``"text"`` (one item with ``text`` and
    metadata), ``"table"`` (rows or objects), ``"entries"`` (each with ``text`` of its own).
    ``hostile`` formats are parsed in the `WorkerPool`; ``rescue`` reads one that killed its worker
    more simply. A new ``version`` makes cached results of the old one void. ``max_bytes`` bounds
    the file where the format needs another bound than `Limits.whole_bytes`. ``read`` and ``rescue``
    of a hostile format must be importable functions. ``glance(data)`` returns all items of a small,
    flawless file at the speed of C, or None when it needs ``read``; never more than some
    milliseconds for 32 KiB.
    """

    kind: str
    read: Read
    extensions: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    sniff: Callable[[Sample], int] = no_sign
    starts: bytes = b""
    hostile: bool = False
    shape: Literal["text", "table", "entries"] = "text"
    version: int = 1
    rescue: Read | None = None
    glance: Glance | None = None
    max_bytes: int | None = None

    @property
    def streams(self) -> bool:
        """Whether a file holds many items, handed on as they are read."""
        return self.shape != "text"


@functools.cache
def readers() -> tuple[Reader, ...]:
    """Return every reader: our own, then those of installed packages (`ai_catalyst.readers`)."""
    from ai_catalyst.documents import readers as room

    found: list[Reader] = []
    for module in sorted(info.name for info in pkgutil.iter_modules(room.__path__)):
        loaded = importlib.import_module(f"{room.__name__}.{module}")
        found.extend(getattr(loaded, "READERS", ()))
    found.extend(_plugins())
    return tuple(found)


def _plugins() -> list[Reader]:
    from importlib.metadata import entry_points

    found: list[Reader] = []
    for point in entry_points(group="ai_catalyst.readers"):
        try:
            offered = point.load()
        except Exception as error:  # noqa: BLE001 - somebody's broken package must not cost our files
            log.warning("reader %s could not be loaded: %s", point.name, type(error).__name__)
            continue
        found.extend([offered] if isinstance(offered, Reader) else offered)
    return found


@functools.cache
def _by_extension() -> dict[str, Reader]:
    return {ending: reader for reader in reversed(readers()) for ending in reader.extensions}


@functools.cache
def _by_media_type() -> dict[str, Reader]:
    return {kind: reader for reader in reversed(readers()) for kind in reader.media_types}


@functools.cache
def _sniffers(first: bytes) -> tuple[tuple[Callable[[Sample], int], Reader], ...]:
    return tuple(
        (reader.sniff, reader)
        for reader in readers()
        if reader.sniff is not no_sign and (not reader.starts or first in reader.starts)
    )


def reader_of(kind: str) -> Reader:
    """Return the reader of a kind by its name."""
    return next(reader for reader in readers() if reader.kind == kind)


def detect(sample: Sample) -> Reader:
    """Return the reader for a file: by content, then name, then media type, else plain text.

    Raises `FileError` (``unsupported``) for bytes that are no text and that nobody reads.
    """
    score, best = 0, None
    for sniff, reader in _sniffers(sample.text[:1]):
        found = sniff(sample)
        if found > score:
            score, best = found, reader
    if best is not None and score >= SURE:
        return best
    if sample.head.startswith((b"{\\rtf", b"%!PS")):  # text, but not for people
        raise unsupported(sample)
    named = _by_extension().get(sample.extension) or _by_media_type().get(sample.media_type)
    binary = is_binary(sample.head)
    if named is not None and (named.hostile or not binary):
        return named
    if best is not None and not binary:
        return best
    if not binary:
        return reader_of("text")
    raise unsupported(sample)


_KNOWN_ARCHIVES = (
    (b"ppt/presentation", "a presentation; save it as PDF"),
    (b"vnd.oasis.opendocument", "an OpenDocument file; save it as docx, xlsx or PDF"),
    (b"application/epub", "an e-book; convert it to HTML or PDF"),
)
_KNOWN_BINARY = (
    (b"\xd0\xcf\x11\xe0", "an old or password-protected Office file; save it anew as docx or xlsx"),
    (b"PK\x03\x04", "a ZIP archive; unpack it first"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3", "a database"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ", "an xz archive; unpack it first"),
    (b"{\\rtf", "an RTF document; save it as docx"),
    (b"%!PS", "PostScript; convert it to PDF"),
    (b"7z\xbc\xaf", "a 7-zip archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive; unpack it first"),
)


def unsupported(sample: Sample) -> FileError:
    """Return the error for bytes nobody reads, naming what they are where that is known."""
    head, both = sample.head, sample.head + sample.tail
    inside = next((words for mark, words in _KNOWN_ARCHIVES if mark in both), None)
    if inside is None or not head.startswith(b"PK"):
        known = (words for magic, words in _KNOWN_BINARY if head.startswith(magic))
        inside = next(known, "binary data")
    what = inside
    return FileError(f"not a kind of file that can be read: it is {what}", kind="unsupported")
