"""Long files of lines: cut into pieces, scrubbed in every worker, written in order.

Neither the file nor its result is ever wholly in memory.
"""

from __future__ import annotations

import asyncio
import gzip
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

from ai_catalyst.analysis.scrub_work import (
    PLAIN,
    SHOWN_CHARS,
    TABLES,
    Part,
    Piece,
    Rules,
    ScrubbedFile,
    Survey,
    format_of,
    scrub_piece,
    survey,
)
from ai_catalyst.documents.encoding import is_binary, text_pieces
from ai_catalyst.errors import FileError
from ai_catalyst.io.files import AtomicWriter
from ai_catalyst.privacy import Finding
from ai_catalyst.privacy.report import Shown

if TYPE_CHECKING:
    from ai_catalyst.engine import WorkerPool

__all__ = ["LONG", "cut", "scrub_long"]

LONG = 2**20
"""Bytes on disk from which on a file is read piece by piece."""
PIECE = 2**18
"""Characters of a piece, about: it ends where a paragraph, line or row does."""
UNENDING = 2**23
"""Characters after which a piece is cut though no row ends there."""
TIMEOUT_S = 600.0
"""Seconds that one piece may take."""

Tell = Callable[[int, int], None]


async def scrub_long(
    path: str, target: Path, rules: Rules, report: bool, workers: WorkerPool, tell: Tell | None
) -> ScrubbedFile:
    """Scrub a long file; ``tell`` hears how many bytes of how many are done. Raises `FileError`."""
    page = _Page(report)
    counts: Counter[str] = Counter()
    file = await asyncio.to_thread(_Long, path)
    try:
        known = await workers.run(survey, file.ahead, path, rules, timeout=TIMEOUT_S)
        await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
        pieces = file.pieces(known, rules, page.wanted)
        async with _Sink(target, file) as sink:
            async with workers.map(scrub_piece, pieces, timeout=TIMEOUT_S, chunk=1) as parts:
                async for outcome in parts:
                    part: Part = outcome.unwrap()
                    counts += part.counts
                    page.add(part)
                    await asyncio.to_thread(sink.write, part.text)
                    if tell is not None:
                        tell(file.done, file.size)
            await asyncio.to_thread(sink.finish)
    finally:
        file.close()
    shown = Shown(target.name, page.text, page.findings) if report else None
    return ScrubbedFile("", str(target), dict(sorted(counts.items())), shown)


class _Long:
    """A long file being read: its pieces, and how far that is."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.size = Path(path).stat().st_size
        self._raw = io.BufferedReader(io.FileIO(path))
        try:
            self.zipped = self._raw.peek(2)[:2] == b"\x1f\x8b"
            self._file = cast(
                "BinaryIO", gzip.GzipFile(fileobj=self._raw) if self.zipped else self._raw
            )
            start = cast("io.BufferedReader", self._file).peek(65_536)[:65_536]
            if is_binary(start):
                raise FileError(f"{path}: holds no text", path=path)
            self.crlf = b"\r\n" in start
            self._pieces = cut(text_pieces(self._file), format_of(path))
            self.ahead = next(self._pieces, "")
        except BaseException:
            self.close()
            raise

    @property
    def done(self) -> int:
        """How many of its bytes were read."""
        return self._raw.tell()

    def pieces(self, known: Survey, rules: Rules, wanted: Callable[[], bool]) -> Iterator[Piece]:
        line, number, text = 0, 0, self.ahead
        while text:
            yield Piece(text, known, rules, number, line, self.path, wanted())
            line += text.count("\n")
            number += 1
            text = next(self._pieces, "")

    def close(self) -> None:
        self._raw.close()


class _Sink:
    """Where the result goes: packed as the source was, with its line ends; whole or not at all."""

    def __init__(self, target: Path, like: _Long) -> None:
        self._writer = AtomicWriter(target)
        self._crlf, self._zipped = like.crlf, like.zipped
        self._packed: Any = None

    def __enter__(self) -> Self:
        self._writer.__enter__()
        if self._zipped:
            self._packed = gzip.GzipFile(fileobj=self._writer, mode="wb", mtime=0)  # type: ignore[call-overload]
        return self

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *exc: Any) -> None:
        await asyncio.to_thread(self.__exit__, *exc)

    def write(self, text: str) -> None:
        if self._crlf:
            text = text.replace("\n", "\r\n")
        (self._packed or self._writer).write(text.encode("utf-8", "surrogateescape"))

    def finish(self) -> None:
        if self._packed is not None:
            self._packed.close()

    def __exit__(self, *exc: Any) -> None:
        self._writer.__exit__(*exc)


class _Page:
    """What the report shows of a long file: its beginning."""

    def __init__(self, report: bool) -> None:
        self._report = report
        self.text = ""
        self.findings: list[Finding] = []

    def wanted(self) -> bool:
        return self._report and len(self.text) <= SHOWN_CHARS

    def add(self, part: Part) -> None:
        if not self.wanted():
            return
        shift = len(self.text)
        self.findings += [
            one._replace(start=one.start + shift, end=one.end + shift) for one in part.findings
        ]
        self.text += part.shown


def cut(pieces: Iterable[str], kind: str) -> Iterator[str]:
    """Yield a text in pieces that end where a paragraph, a line, or a table's row does."""
    held = ""
    for piece in pieces:
        held += piece
        end = _end(held, kind) if len(held) >= PIECE else 0
        if end:
            yield held[:end]
            held = held[end:]
    if held:
        yield held


def _end(text: str, kind: str) -> int:
    """Return where to cut, 0 to wait for more."""
    if kind in TABLES:
        end = _row_end(text)
    else:
        paragraph = text.rfind("\n\n", PIECE // 2) if kind in PLAIN else -1
        end = paragraph + 2 if paragraph >= 0 else text.rfind("\n") + 1
    if kind in PLAIN and not end:
        end = text.rfind(" ", PIECE // 2) + 1 or len(text)
    if end or len(text) < UNENDING:
        return end
    return text.rfind("\n") + 1


def _row_end(text: str) -> int:
    """Return where the last whole row ends: no quoted cell is cut at a line end inside it."""
    end = text.rfind("\n") + 1
    quotes = text.count('"', 0, end)
    while end and quotes % 2:
        before = text.rfind("\n", 0, end - 1) + 1
        quotes -= text.count('"', before, end)
        end = before
    return end
