"""JSON Lines: a record a line, read in pieces; a broken line costs that line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from ai_catalyst.documents.encoding import utf8_pieces
from ai_catalyst.documents.json_values import AT_ONCE, as_record, decode_json
from ai_catalyst.documents.readers.registry import Data, Reader, Sample
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ai_catalyst.documents.blob import Blob

__all__ = ["READERS", "read_json_lines"]

_TWO_OBJECTS = re.compile(rb"\{[^\n]*\}[ \t\r]*\n+\{")
_decode_lines = msgspec.json.Decoder().decode_lines
_PIECE = 2**16


def read_json_lines(blob: Blob) -> Iterator[Data | FileError]:
    """Yield each line's object; blank lines are passed over.

    A broken line, or one longer than `Limits.item_bytes`, is a `FileError` with its number.
    """
    if blob.data is not None and not blob.gzipped and len(blob.data) <= AT_ONCE:
        values = glance_json_lines(blob.data)
        if values is not None:
            yield from values
            return
    line = 1
    with blob.open() as file:
        pieces = utf8_pieces(file, blob.charset, _PIECE)
        for block, torn in _blocks(pieces, blob.limits.item_bytes):
            if torn:
                yield FileError(
                    f"the line is longer than {blob.limits.item_bytes} bytes",
                    line=line,
                    kind="too_large",
                )
            else:
                yield from _values(block, line)
            line += block.count(b"\n")


def glance_json_lines(data: bytes) -> list[Any] | None:
    """Decode the lines of a small, sound file in one call; None when they need a closer look."""
    try:
        values = _decode_lines(data)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None
    return values if set(map(type, values)) <= {dict} else [as_record(each) for each in values]


def _blocks(pieces: Iterable[bytes], cap: int) -> Iterator[tuple[bytes, bool]]:
    """Cut pieces at line ends; a line over ``cap`` bytes is dropped and told of as ``True``."""
    kept: list[bytes] = []
    size, dropping = 0, False
    for piece in pieces:
        cut = piece.rfind(b"\n") + 1
        if cut:
            whole = piece[:cut]
            if dropping:
                skipped = whole.index(b"\n") + 1
                yield b"\n", True
                whole = whole[skipped:]
            if kept:
                kept.append(whole)
                whole = b"".join(kept)
            yield whole, False
            kept, size, dropping = [], 0, False
        if cut < len(piece) and not dropping:
            kept.append(piece[cut:])
            size += len(piece) - cut
            if size > cap:
                kept, size, dropping = [], 0, True
    if dropping or kept:
        yield (b"", True) if dropping else (b"".join(kept), False)


def _values(block: bytes, line: int) -> Iterator[Data | FileError]:
    if len(block) > AT_ONCE:
        yield from _one_by_one(block, line)
        return
    try:
        values = _decode_lines(block)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        yield from _one_by_one(block, line)
        return
    yield from values if set(map(type, values)) == {dict} else map(as_record, values)


def _one_by_one(block: bytes, line: int) -> Iterator[Data | FileError]:
    for number, raw in enumerate(block.split(b"\n"), line):
        stripped = raw.strip()
        if stripped:
            value: Any = decode_json(stripped)
            if isinstance(value, FileError):
                value.line = number
            yield as_record(value)


def sniff_json_lines(sample: Sample) -> int:
    """Know JSON Lines by two objects on lines of their own, whatever the name says."""
    if sample.extension in {"txt", "text", "md", "log"}:
        return 0
    return 60 if _TWO_OBJECTS.match(sample.text) else 0


READERS = (
    Reader(
        "jsonl",
        read_json_lines,
        extensions=("jsonl", "ndjson", "jl"),
        media_types=("application/x-ndjson", "application/jsonl", "application/x-jsonlines"),
        sniff=sniff_json_lines,
        glance=glance_json_lines,
        starts=b"{",
        shape="table",
    ),
)
