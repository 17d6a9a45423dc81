"""JSON: each item of an array is a record; a single object is one."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import msgspec

from ai_catalyst.documents.encoding import utf8_pieces
from ai_catalyst.documents.json_values import AT_ONCE, as_record, json_items
from ai_catalyst.documents.readers.registry import Data, Reader, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai_catalyst.documents.blob import Blob
    from ai_catalyst.errors import FileError

__all__ = ["READERS", "read_json"]

_ARRAY = re.compile(rb"\[\s*(?:[{\[\"\]\d-]|true\b|false\b|null\b)")
_OBJECT = re.compile(rb"\{\s*[\"}]")
_ALONE = re.compile(rb"[\[{][ \t\r]*\n")
_PIECE = 2**17
_LINES = ("jsonl", "ndjson", "jl")


def read_json(blob: Blob) -> Iterator[Data | FileError]:
    """Yield the items of the array, or the one object; values that follow each other, each.

    A broken item is yielded as a `FileError` with its line, and the rest still comes.
    """
    if blob.data is not None and not blob.gzipped and len(blob.data) <= AT_ONCE:
        values = glance_json(blob.data)
        if values is not None:
            yield from values
            return
    with blob.open() as file:
        pieces = utf8_pieces(file, blob.charset, _PIECE)
        first = b""
        while not first and (piece := next(pieces, None)) is not None:
            first = piece.lstrip()
        array = first.startswith(b"[")
        rest = itertools.chain([first[1:] if array else first], pieces)
        cap = blob.limits.item_bytes
        yield from map(as_record, json_items(rest, cap, array=array))


def glance_json(data: bytes) -> list[Any] | None:
    """Decode a small, sound file in one call; None when it needs a closer look."""
    try:
        value = msgspec.json.decode(data)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None
    values = value if isinstance(value, list) else [value]
    return values if set(map(type, values)) <= {dict} else [as_record(each) for each in values]


def sniff_json(sample: Sample) -> int:
    """Know JSON by its first two tokens; a weak sign, since prose may begin with a bracket."""
    text = sample.text
    if sample.extension in _LINES and _ALONE.match(text):
        return 60  # called JSON Lines, but spread over lines
    if _OBJECT.match(text):
        return 40
    return 30 if _ARRAY.match(text) else 0


READERS = (
    Reader(
        "json",
        read_json,
        extensions=("json",),
        media_types=("application/json", "text/json"),
        sniff=sniff_json,
        glance=glance_json,
        starts=b"[{",
        shape="table",
    ),
)
