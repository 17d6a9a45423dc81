"""Groups of rows as a few parameters, so that one statement takes them all in one step.

Each step of a statement gives up Python's interpreter lock and must take it back; beside a busy
event loop that is what a row costs, not SQLite's work. Keys travel as one blob of 32 bytes each;
whole rows as one blob, each row its key, label and value, with a JSON array that says where.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec

__all__ = [
    "KEY",
    "LABEL",
    "MOST_LABEL",
    "MOST_VALUE",
    "VALUE",
    "WIDTH",
    "clean",
    "in_chunks",
    "pack_rows",
    "pack_texts",
    "shown_labels",
    "stored_keys",
]

WIDTH = 32
"""Bytes of a stored key."""

# A place is one integer: the row's begin (27 bits), its label's length (14), its value's (22).
KEY = "substr(?1, e.value >> 36, 32)"
LABEL = "CAST(substr(?1, (e.value >> 36) + 32, (e.value >> 22) & 16383) AS TEXT)"
VALUE = "substr(?1, (e.value >> 36) + 32 + ((e.value >> 22) & 16383), e.value & 4194303)"
MOST_LABEL = (1 << 14) - 1
MOST_VALUE = (1 << 22) - 1
_CHUNK_BYTES = 16 << 20
_CHUNK_ROWS = 4096

_encode = msgspec.json.Encoder().encode


def stored_keys(keys: list[bytes]) -> list[bytes]:
    """Return the 32 bytes each key is stored under: itself, or a digest when it is not 32 long."""
    if all(length == WIDTH for length in set(map(len, keys))):
        return keys
    return [key if len(key) == WIDTH else _digest(key) for key in keys]


def _digest(key: bytes) -> bytes:
    return hashlib.blake2b(key, digest_size=WIDTH, person=b"catalyst-key").digest()


def clean(text: str) -> str:
    """Return a text as the store keeps it: lone surrogates and NUL shown as escapes."""
    if "\0" in text:
        text = text.replace("\0", "\\x00")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def shown_labels(labels: Sequence[str]) -> list[bytes]:
    """Return labels as they are stored: clean, and at most `MOST_LABEL` bytes long."""
    together = "".join(labels)
    if together.isascii() and "\0" not in together and len(max(labels, key=len)) <= MOST_LABEL:
        return [label.encode() for label in labels]
    return [_shortened(clean(label).encode()) for label in labels]


def _shortened(label: bytes) -> bytes:
    return label[:MOST_LABEL].decode("utf-8", "ignore").encode()


def pack_texts(texts: Sequence[str]) -> str:
    """Return texts as a JSON array."""
    try:
        return _encode(texts).decode()
    except UnicodeEncodeError:
        return _encode([clean(text) for text in texts]).decode()


def pack_rows(
    keys: Sequence[bytes], labels: Sequence[bytes], values: Sequence[bytes]
) -> tuple[bytes, str]:
    """Return rows as one blob, and where each of them is, as a JSON array."""
    places: list[int] = []
    begin = 1
    for label, value in zip(map(len, labels), map(len, values), strict=True):
        places.append(begin << 36 | label << 22 | value)
        begin += WIDTH + label + value
    pieces = chain.from_iterable(zip(keys, labels, values, strict=True))
    return b"".join(pieces), _encode(places).decode()


def in_chunks(sizes: Sequence[int], most: int | None = None) -> Iterator[slice]:
    """Yield slices of rows, of values of these sizes, small enough for one statement.

    None is longer than ``most`` rows.
    """
    most = most or _CHUNK_ROWS
    start = size = 0
    for position, length in enumerate(sizes):
        if position - start >= most or size > _CHUNK_BYTES:
            yield slice(start, position)
            start, size = position, 0
        size += length
    if start < len(sizes):
        yield slice(start, len(sizes))
