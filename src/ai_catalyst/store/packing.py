"""Groups of rows as a few parameters, so that one statement takes them all in one step.

Each step of a statement gives up Python's interpreter lock and must take it back; beside a busy
event loop that is what a row costs, not SQLite's work. Keys travel as one blob of 32 bytes each,
texts as a JSON array, values as one blob with a JSON array of ``offset << 32 | length``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

__all__ = ["KEYS", "clean", "in_chunks", "pack_texts", "pack_values", "stored_key"]

KEYS = "substr(?1, e.key * 32 + 1, 32)"
"""The key of row ``e`` of ``json_each``, out of the blob that is the first parameter."""
_WIDTH = 32
_CHUNK_ROWS = 4096
_CHUNK_BYTES = 64 << 20

_encode = msgspec.json.Encoder().encode


def stored_key(key: bytes) -> bytes:
    """Return the 32 bytes a key is stored under: itself, or a digest when it is not 32 long."""
    if len(key) == _WIDTH:
        return key
    return hashlib.blake2b(key, digest_size=_WIDTH, person=b"catalyst-key").digest()


def clean(text: str) -> str:
    """Return a text as the store keeps it: lone surrogates and NUL shown as escapes."""
    if "\0" in text:
        text = text.replace("\0", "\\x00")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def pack_texts(texts: Sequence[str]) -> str:
    """Return texts as a JSON array."""
    try:
        packed = _encode(texts).decode()
        if "\\u0000" not in packed:
            return packed
    except UnicodeEncodeError:
        pass
    return _encode([clean(text) for text in texts]).decode()


def pack_values(values: Iterable[bytes]) -> tuple[str, bytes]:
    """Return the places of values as a JSON array, and the values as one blob."""
    places = []
    offset = 1
    values = list(values)
    for value in values:
        places.append(offset << 32 | len(value))
        offset += len(value)
    return _encode(places).decode(), b"".join(values)


def in_chunks(rows: Sequence[tuple[bytes, bytes]]) -> Iterator[Sequence[tuple[bytes, bytes]]]:
    """Yield ``(key, value)`` rows in groups small enough for one statement."""
    start = size = 0
    for position, (_, value) in enumerate(rows):
        if position > start and (
            position - start >= _CHUNK_ROWS or size + len(value) > _CHUNK_BYTES
        ):
            yield rows[start:position]
            start, size = position, 0
        size += len(value)
    if start < len(rows):
        yield rows[start:]
