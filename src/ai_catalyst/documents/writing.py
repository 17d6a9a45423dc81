"""Records written to a file as JSON Lines, JSON or CSV: streamed, and whole or not at all."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import json
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol, cast

import msgspec

from ai_catalyst.errors import FileError, UserError
from ai_catalyst.io.files import AtomicWriter
from ai_catalyst.model import Record

__all__ = ["write_records"]

Writable = Record | Mapping[str, Any] | FileError
_HOP = 500


async def write_records(path: str, records: Iterable[Writable] | AsyncIterable[Writable]) -> int:
    """Write records in the format that ``path`` ends with, and return how many there were."""
    make = _format_of(path)
    out = AtomicWriter(path)
    await asyncio.to_thread(out.__enter__)
    sink = make(cast("_Sink", _Gzipped(out) if path.lower().endswith(".gz") else out))
    count = 0
    try:
        async for batch in _batches(records):
            await asyncio.to_thread(sink.add, batch)
            count += len(batch)
        await asyncio.to_thread(sink.finish)
    except BaseException as error:
        sink.discard()
        trace = error.__traceback__
        out.__exit__(type(error), error, trace)  # catalyst: blocking(one file is discarded)
        raise
    await asyncio.to_thread(out.__exit__, None, None, None)
    return count


async def _batches(
    records: Iterable[Writable] | AsyncIterable[Writable],
) -> AsyncIterator[list[Mapping[str, Any]]]:
    """Collect records for one thread hop each; a sync iterable is advanced in that thread."""
    if isinstance(records, AsyncIterable):
        batch: list[Mapping[str, Any]] = []
        async for record in records:
            batch.append(_fields(record))
            if len(batch) >= _HOP:
                yield batch
                batch = []
        if batch:
            yield batch
        return
    remaining = iter(records)
    while batch := await asyncio.to_thread(_some, remaining):
        yield batch


def _some(remaining: Iterator[Writable]) -> list[Mapping[str, Any]]:
    return [_fields(record) for record in islice(remaining, _HOP)]


def _fields(record: Writable) -> Mapping[str, Any]:
    if isinstance(record, Record):
        return record.data
    if isinstance(record, FileError):
        return {"error": str(record), "path": record.path, "line": record.line}
    return record


class _Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


class _Format(Protocol):
    def add(self, batch: Sequence[Mapping[str, Any]]) -> None: ...
    def finish(self) -> None: ...
    def discard(self) -> None: ...


class _Gzipped:
    """Compresses on the way to a sink; the same records always give the same bytes."""

    def __init__(self, sink: _Sink) -> None:
        self._file = gzip.GzipFile(filename="", mode="wb", fileobj=cast(Any, sink), mtime=0)

    def write(self, data: bytes) -> int:
        return self._file.write(data)

    def close(self) -> None:
        self._file.close()


def _close(sink: _Sink) -> None:
    if isinstance(sink, _Gzipped):
        sink.close()


class _Lines:
    """JSON Lines."""

    def __init__(self, sink: _Sink) -> None:
        self._sink = sink

    def add(self, batch: Sequence[Mapping[str, Any]]) -> None:
        self._sink.write(b"".join(_json(fields) + b"\n" for fields in batch))

    def finish(self) -> None:
        _close(self._sink)

    def discard(self) -> None:
        """Hold nothing that would have to be given back."""


class _Array:
    """One JSON array, an item a line."""

    def __init__(self, sink: _Sink) -> None:
        self._sink = sink
        self._before = b"[\n"

    def add(self, batch: Sequence[Mapping[str, Any]]) -> None:
        for fields in batch:
            self._sink.write(self._before + _json(fields))
            self._before = b",\n"

    def finish(self) -> None:
        self._sink.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")
        _close(self._sink)

    def discard(self) -> None:
        """Hold nothing that would have to be given back."""


class _Table:
    """CSV: the rows wait in a temporary file until all columns are known."""

    def __init__(self, sink: _Sink) -> None:
        self._sink = sink
        self._rows = tempfile.SpooledTemporaryFile(8 * 2**20)  # noqa: SIM115 - closed by finish
        self._columns: dict[str, None] = {}

    def add(self, batch: Sequence[Mapping[str, Any]]) -> None:
        for fields in batch:
            self._columns.update(dict.fromkeys(map(str, fields)))
            self._rows.write(_json({str(name): _cell(value) for name, value in fields.items()}))
            self._rows.write(b"\n")

    def finish(self) -> None:
        with self._rows as rows:
            rows.seek(0)
            columns = list(self._columns)
            self._write([columns] if columns else [])
            while batch := list(islice(rows, _HOP)):
                decoded = [json.loads(line) for line in batch]  # msgspec knows no lone surrogates
                self._write([[fields.get(name, "") for name in columns] for fields in decoded])
        _close(self._sink)

    def discard(self) -> None:
        self._rows.close()

    def _write(self, table: list[list[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(table)
        self._sink.write(text.getvalue().encode("utf-8", "backslashreplace"))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else _json(value).decode()


def _json(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value, enc_hook=str)
    except (TypeError, ValueError, msgspec.MsgspecError):  # lone surrogates, odd keys
        return json.dumps(value, default=str).encode()


def _format_of(path: str) -> type[_Lines] | type[_Array] | type[_Table]:
    ending = path.lower().removesuffix(".gz").rpartition(".")[2]
    formats = {"jsonl": _Lines, "ndjson": _Lines, "json": _Array, "csv": _Table}
    if ending not in formats:
        raise UserError(f"records are written as .jsonl, .json or .csv, not as {path!r}")
    return cast("type[_Lines] | type[_Array] | type[_Table]", formats[ending])
