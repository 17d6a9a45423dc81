"""`FileProcessor`: the records of a file or a folder, and records written to a file."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from ai_catalyst.documents.blob import Blob, printable
from ai_catalyst.documents.hopping import hop_by_hop
from ai_catalyst.documents.loading import Loader
from ai_catalyst.documents.opening import Opened, open_blob
from ai_catalyst.documents.parsing import named
from ai_catalyst.documents.walking import walk
from ai_catalyst.documents.writing import write_records
from ai_catalyst.engine.batch import Batch
from ai_catalyst.engine.bridge import twin, twin_iter
from ai_catalyst.errors import FileError, UserError
from ai_catalyst.model import Record

if TYPE_CHECKING:
    from ai_catalyst.documents.loading import Pool
    from ai_catalyst.documents.readers.registry import Data

__all__ = ["FileProcessor"]

FILES_PER_HOP = 64
HOP_S = 0.03
SLICE_S = 0.002
"""How long small files are parsed before the loop may do something else."""
HOPS_AHEAD = 3
"""How many hops of files may wait to be consumed: more would only fill the memory."""

StrPath = str | os.PathLike[str]
Item = Record | FileError


class FileProcessor:
    """Reads files of many formats as records, and writes records.

    JSON array items (a single object is one record), JSONL lines, CSV, TSV and XLSX rows and feed
    entries are a record each; a text, Markdown, HTML, PDF, DOCX or EML file is one record whose
    ``data`` has ``text`` and what is known about it. Any of them may be gzipped.

    At most ``max_concurrent_files`` are read at once. What cannot be read comes as a `FileError`
    among the records (``on_error="item"``) or is raised (``"raise"``). Formats that can stream are
    never wholly in memory. It holds nothing open, so there is nothing to close.
    """

    def __init__(
        self,
        *,
        max_concurrent_files: int = 5,
        on_error: Literal["item", "raise"] = "item",
        pool: Pool | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        """Set the rules; ``timeout_s`` bounds the parsing of one PDF, page or office file."""
        if max_concurrent_files < 1:
            raise UserError(f"max_concurrent_files must be 1 or more, not {max_concurrent_files}")
        if on_error not in ("item", "raise"):
            raise UserError(f'on_error must be "item" or "raise", not {on_error!r}')
        self.max_concurrent_files = max_concurrent_files
        self.on_error = on_error
        self._loader = Loader(pool=pool, timeout_s=timeout_s)

    def process_file_async(self, path: StrPath) -> AsyncGenerator[Item, None]:
        """Yield the records of one file, and a `FileError` for each part that is broken."""
        return self._read(iter([_blob(path)]))

    def process_directory_async(
        self, path: StrPath, pattern: str = "**/*"
    ) -> AsyncGenerator[Item, None]:
        """Yield the records of every file of a folder that matches ``pattern``, by sorted path.

        Hidden files and folders are passed over, unless the pattern names them.
        """
        found = walk(os.fsdecode(path), pattern)
        return self._read(
            place if isinstance(place, FileError) else _blob(place) for place in found
        )

    async def write_async(
        self,
        path: StrPath,
        records: Iterable[Record | Mapping[str, Any] | FileError]
        | AsyncIterable[Record | Mapping[str, Any] | FileError],
    ) -> int:
        """Write records as JSONL, CSV or JSON, as the name ends, whole or not at all.

        The columns of a CSV file are all the fields that occur, in the order they first do. A
        `FileError` among the records is written as its message, file and line. Returns how many
        were written. Raises `FileError` when the file cannot be written, `UserError` for a name
        that ends otherwise.
        """
        return await write_records(os.fspath(path), records)

    process_file = twin_iter(process_file_async)
    process_directory = twin_iter(process_directory_async)
    write = twin(write_async)

    async def _read(self, blobs: Iterator[Blob | FileError]) -> AsyncGenerator[Item, None]:
        """Read many files, in order; each hop opens many, each parse is one of at most five."""
        ahead = asyncio.Semaphore(HOPS_AHEAD)
        careful = self.on_error == "raise"
        pause = time.perf_counter() + SLICE_S
        parts = _parts(blobs, ahead)
        async with Batch(self._load, parts, self.max_concurrent_files, ordered=True) as batch:
            async for outcome in batch:
                part = outcome.unwrap()
                for opened in part.files:
                    if opened.at_hand and not opened.glance():
                        await asyncio.to_thread(opened.read)
                    records = _records(opened)
                    opened.found = opened.blob.data = None  # memory that is used again stays fast
                    for item in map(self._passed, records) if careful else records:
                        yield item
                    if time.perf_counter() > pause:
                        await asyncio.sleep(0)
                        pause = time.perf_counter() + SLICE_S
                if part.waiting is not None:
                    async with aclosing(self._stream(part.waiting)) as found:
                        async for item in found:
                            yield self._passed(item)
                if part.last:
                    ahead.release()

    async def _load(self, part: _Part) -> _Part:
        if part.waiting is not None:
            opened = await self._loader.load(part.waiting)
            if opened.found is not None or opened.error is not None:
                part.files, part.waiting = [opened], None
        return part

    async def _stream(self, opened: Opened) -> AsyncGenerator[Item, None]:
        index = 0
        async with aclosing(self._loader.stream(opened)) as batches:
            async for batch in batches:
                for item in _records(opened, batch, index):
                    yield item
                index += len(batch)

    def _passed(self, item: Item) -> Item:
        if self.on_error == "raise" and isinstance(item, FileError):
            raise item
        return item


def _records(
    opened: Opened, found: Sequence[Data | FileError] | None = None, start: int = 0
) -> list[Item]:
    """Return what was found in a file as records and errors."""
    if opened.error is not None:
        return [opened.error]
    source, kind = opened.blob.name, opened.reader.kind if opened.reader else ""
    items = (opened.found or []) if found is None else found
    if set(map(type, items)) <= {dict}:  # nearly always
        return [Record(data, source, index, kind) for index, data in enumerate(items, start)]  # type: ignore[arg-type]
    return [
        named(data, source) if isinstance(data, FileError) else Record(data, source, index, kind)
        for index, data in enumerate(items, start)
    ]


def _blob(path: StrPath) -> Blob:
    raw = os.fsdecode(path)
    return Blob(printable(raw), path=raw)


@dataclass(slots=True)
class _Part:
    """What came of one hop: neighbours that need no more work, or a file that does.

    ``last`` marks the end of the hop: when it is consumed, another hop may begin.
    """

    files: list[Opened] = field(default_factory=list)
    waiting: Opened | None = None
    last: bool = False


async def _parts(
    blobs: Iterator[Blob | FileError], ahead: asyncio.Semaphore
) -> AsyncGenerator[_Part, None]:
    """Open files, many in one hop: a hop costs as much as reading a small file does.

    What is small and flawless is not parsed in the thread. Under the interpreter's lock that would
    be no faster, and thousands of fresh objects would have to change cores: it costs half as much
    again as parsing them where they are used.
    """
    async with aclosing(hop_by_hop(lambda: _open_some(blobs), ahead)) as hops:
        async for parts in hops:
            for part in parts:
                yield part


def _open_some(blobs: Iterator[Blob | FileError]) -> list[_Part]:
    parts: list[_Part] = []
    deadline = time.perf_counter() + HOP_S
    for blob in islice(blobs, FILES_PER_HOP):
        opened = open_blob(blob, glances=True)
        if opened.found is None and opened.error is None and not opened.at_hand:
            parts.append(_Part(waiting=opened))
        else:
            if not parts or parts[-1].waiting is not None:
                parts.append(_Part())
            parts[-1].files.append(opened)
        if time.perf_counter() > deadline:
            break
    if parts:
        parts[-1].last = True
    return parts
