"""CSV and TSV: a record a row, keyed by the header; a ragged row costs that row."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ai_catalyst.documents.csv_rows import Bad, Torn, plain_table, rows, table_of
from ai_catalyst.documents.encoding import decode, plain_text, text_pieces
from ai_catalyst.documents.readers.registry import Data, Reader, Sample
from ai_catalyst.errors import FileError

if TYPE_CHECKING:
    from ai_catalyst.documents.blob import Blob

__all__ = ["READERS", "read_csv", "read_tsv"]

_SAMPLE_LINES = 12
_SAMPLE_CHARS = 2**16
_AT_ONCE = 2**20
_BLOCK = 512


def read_csv(blob: Blob) -> Iterator[Data | FileError]:
    """Yield a mapping of column to text for each row; delimiter and header are worked out.

    Columns without a name are called ``column_1`` and so on. A row with more or fewer cells than
    the rest is a `FileError` with its line.
    """
    return _read(blob, ",")


def read_tsv(blob: Blob) -> Iterator[Data | FileError]:
    """Yield rows as `read_csv` does, with tabs tried first."""
    return _read(blob, "\t")


def glance_csv(data: bytes) -> list[Data] | None:
    """Return the rows of a small table in which nothing is in question."""
    text = plain_text(data)
    plain = plain_table(_lines(text)) if text else None
    return None if plain is None else _keyed(plain[0].columns, plain[1])


def _read(blob: Blob, preferred: str) -> Iterator[Data | FileError]:
    if blob.data is not None and not blob.gzipped and len(blob.data) <= _AT_ONCE:
        text = decode(blob.data, blob.charset)
        return _records([text], preferred, blob.limits.item_bytes)
    return _streamed(blob, preferred)


def _streamed(blob: Blob, preferred: str) -> Iterator[Data | FileError]:
    with blob.open() as file:
        pieces = text_pieces(file, blob.charset, 2**16)
        yield from _records(pieces, preferred, blob.limits.item_bytes)


def _records(pieces: Iterable[str], preferred: str, cap: int) -> Iterator[Data | FileError]:
    blocks = _blocks(pieces, cap)
    first = next(blocks, None)
    if first is None:
        return
    plain = plain_table(first)
    if plain is not None:
        table, found = plain
        yield from _keyed(table.columns, found)
        header, line = False, len(first)
    else:
        table = table_of(_sample(first), preferred)
        header, line = table.header_line > 0, 0
        blocks = itertools.chain([first], blocks)
    for some in rows(blocks, table.delimiter, len(table.columns), cap, line):
        if isinstance(some, Bad):
            yield FileError(some.why, line=some.line, kind=some.kind)
        else:
            yield from _keyed(table.columns, some[1:] if header else some)
            header = False  # it was the first sound row


def _keyed(columns: tuple[str, ...], found: list[list[str]]) -> list[Data]:
    # Every row has as many cells as there are columns; having zip check it doubles the cost.
    return [dict(zip(columns, row)) for row in found]  # noqa: B905


def _sample(block: list[str]) -> list[str]:
    sample = block[:_SAMPLE_LINES]
    while len(sample) > 1 and sum(map(len, sample)) > _SAMPLE_CHARS:
        sample.pop()
    return sample


def _blocks(pieces: Iterable[str], cap: int) -> Iterator[list[str]]:
    """Cut text into lists of lines that keep their ends; one over ``cap`` comes alone, `Torn`."""
    kept: list[str] = []
    size, dropping = 0, False
    for piece in pieces:
        lines = _lines(piece)
        last = "" if lines[-1].endswith("\n") else lines.pop()
        if lines:
            if dropping:
                yield [Torn("\n")]
                del lines[0]
            elif kept:
                lines[0] = "".join([*kept, lines[0]])
            kept, size, dropping = [], 0, False
            for start in range(0, len(lines), _BLOCK):
                yield lines[start : start + _BLOCK]
        if last and not dropping:
            kept.append(last)
            size += len(last)
            if size > cap:
                kept, dropping = [], True
    if dropping or kept:
        yield [Torn("")] if dropping else ["".join(kept)]


def _lines(piece: str) -> list[str]:
    """Split at ``\\n`` alone: `str.splitlines` also splits at separators that cells may hold."""
    lines = piece.splitlines(keepends=True)
    if len(lines) == piece.count("\n") + (not piece.endswith("\n")):
        return lines
    lines = [line + "\n" for line in piece.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def sniff_csv(sample: Sample) -> int:
    """Know a table without a telling name by lines that all have the same delimiters."""
    if sample.extension:
        return 0
    lines = sample.text.decode("utf-8", "replace").split("\n")[:-1][:20]
    if len(lines) < 3:
        return 0
    for delimiter, least in (("\t", 1), (",", 2), (";", 2), ("|", 2)):
        counts = {line.count(delimiter) for line in lines if line.strip()}
        if len(counts) == 1 and min(counts) >= least:
            return 20
    return 0


READERS = (
    Reader(
        "csv",
        read_csv,
        extensions=("csv",),
        media_types=("text/csv", "application/csv"),
        sniff=sniff_csv,
        glance=glance_csv,
        shape="table",
    ),
    Reader(
        "tsv",
        read_tsv,
        extensions=("tsv", "tab"),
        media_types=("text/tab-separated-values",),
        glance=glance_csv,
        shape="table",
    ),
)
