"""CSV as it is found: which delimiter, which header, and rows that go wrong without taking others.

`csv.reader` swallows everything after a quote that is never closed. Here a row that comes out
wrong costs its first line only: the lines it swallowed are read again.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

__all__ = [
    "Bad",
    "Table",
    "Torn",
    "header_of",
    "plain_table",
    "rows",
    "table_of",
    "unique_names",
]

DELIMITERS = ",;\t|"
_COMPARED = 8
"""How many rows are held against the first one to tell whether it is a header."""
_DATUM = re.compile(
    r"[-+($€£¥]?\s?\d[\d.,' ]*[%€$)]?"  # numbers and amounts
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*"  # dates
    r"|\S+@\S+\.\S+|https?://\S*"
)


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be read: the line it begins on (from 1), and why."""

    line: int
    why: str
    kind: str = "malformed"


@dataclass(frozen=True, slots=True)
class Table:
    """How a file's rows are to be read: its delimiter, the width of a row, the column names.

    ``header_line`` is the line of the names, 0 when the file has none.
    """

    delimiter: str
    columns: tuple[str, ...]
    header_line: int


def table_of(lines: Sequence[str], preferred: str | None = None) -> Table:
    """Work out how to read a table from its first lines.

    The delimiter is the one that makes the most rows equally wide, then the widest; ``preferred``
    wins a tie.
    """
    best, delimiter, width, parsed = (0.0, 0, False), preferred or ",", 1, None
    for candidate in _candidates(lines):
        found = _parsed(lines, candidate)
        widths = [len(row) for _, row in found]
        usual = max(set(widths), key=widths.count)
        share = widths.count(usual) / len(found)
        rank = (share if usual > 1 else 0.0, usual, candidate == preferred)
        if rank > best:
            best, delimiter, width, parsed = rank, candidate, usual, found
    return _with_header(parsed or _parsed(lines, delimiter), delimiter, width)


def plain_table(block: list[str]) -> tuple[Table, list[list[str]]] | None:
    """Return how to read a table and its first rows, when nothing about them is in question.

    That is: one delimiter in the first line, and rows that are all equally wide. It saves reading
    the lines twice, which is what a small file costs.
    """
    candidates = _candidates(block)
    if len(candidates) != 1 or type(block[0]) is Torn:
        return None
    found = _rows_of(block, candidates[0])
    if found is None or len(set(map(len, found))) != 1 or len(found[0]) < 2:
        return None
    if header_of(found[0], found[1:_COMPARED]):
        return Table(candidates[0], unique_names(found[0]), 1), found[1:]
    return Table(candidates[0], _numbered(len(found[0])), 0), found


def _candidates(lines: Sequence[str]) -> list[str]:
    """Return the delimiters in the first line, else (below a title) those in any."""
    first = lines[0]
    found = [candidate for candidate in DELIMITERS if candidate in first]
    if found:
        return found
    text = "".join(lines)
    return [candidate for candidate in DELIMITERS if candidate in text]


def _parsed(lines: Sequence[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """Return the rows that are not empty, each with the line it begins on."""
    reader = csv.reader(lines, delimiter=delimiter)
    found: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for row in reader:
            if row:
                found.append((line, row))
            line = reader.line_num + 1
    except csv.Error:  # a cell that is too long: judged when the row is read
        pass
    return found or [(1, [""])]


def _with_header(parsed: list[tuple[int, list[str]]], delimiter: str, width: int) -> Table:
    usual = [(line, row) for line, row in parsed if len(row) == width]
    if not usual:
        return Table(delimiter, _numbered(width), 0)
    first_line, first = usual[0]
    if not header_of(first, [row for _, row in usual[1:_COMPARED]]):
        return Table(delimiter, _numbered(width), 0)
    return Table(delimiter, unique_names(first), first_line)


def header_of(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row names the columns: words, mostly distinct, that are no data."""
    names = [cell.strip() for cell in first]
    if len({name for name in names if name}) * 2 < len(names):
        return False
    if any(_DATUM.fullmatch(name) for name in names if 0 < len(name) <= 100):
        return False
    values = {cell for row in body for cell in row}
    return sum(name in values for name in names if name) * 2 <= len(names)


def _numbered(width: int) -> tuple[str, ...]:
    return tuple(f"column_{place}" for place in range(1, width + 1))


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Give every column a name of its own: an empty one its number, a second one a suffix."""
    taken: set[str] = set()
    result: list[str] = []
    for place, raw in enumerate(names, 1):
        name = raw.strip() or f"column_{place}"
        unique, count = name, 2
        while unique in taken:
            unique, count = f"{name}_{count}", count + 1
        taken.add(unique)
        result.append(unique)
    return tuple(result)


class _TooLong(Exception):
    """Raised inside `csv.reader` when a line or a row is longer than allowed."""


class Torn(str):
    """Stands for a line that was too long to keep."""

    __slots__ = ()


class _Lines:
    """Hands lines to `csv.reader`, remembers those of the current row, and can take them back."""

    def __init__(self, blocks: Iterator[list[str]], cap: int, line: int) -> None:
        self._blocks = blocks
        self._waiting: deque[str] = deque()
        self._cap = cap
        self._size = 0
        self.row: list[str] = []
        self.line = line
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self._waiting:
            self._waiting.extend(next(self._blocks, ()))
        self.ended = not self._waiting
        if self.ended:
            raise StopIteration
        line = self._waiting.popleft()
        self.row.append(line)
        self._size += len(line)
        self.line += 1
        if self._size > self._cap or type(line) is Torn:
            raise _TooLong
        return line

    @property
    def first(self) -> int:
        """The number of the row's first line."""
        return self.line - len(self.row) + 1

    def begin(self) -> None:
        self.row.clear()
        self._size = 0

    def left(self) -> list[str]:
        """Return the lines that were fetched and not read."""
        return list(self._waiting)

    def take_back(self) -> None:
        """Return all lines of the row but its first, to be read again."""
        rest = self.row[1:]
        self._waiting.extendleft(reversed(rest))
        self.line -= len(rest)
        self.ended = False
        self.begin()


def rows(
    blocks: Iterable[list[str]], delimiter: str, width: int, cap: int, line: int = 0
) -> Iterator[list[list[str]] | Bad]:
    """Yield rows of ``width`` cells, many at once, or what is wrong with one.

    Blank lines are passed over.

    ``blocks`` are lists of lines that keep their ends, a `Torn` one alone. A row may have ``cap``
    characters. Empty cells beyond ``width`` are dropped. ``line`` lines came before.
    """
    if csv.field_size_limit() < cap:
        csv.field_size_limit(cap)  # of the whole process, and only ever raised
    remaining = iter(blocks)
    left: list[str] = []
    while block := left or next(remaining, []):
        sound = None if left else _sound(block, delimiter, width)
        if sound is not None:
            yield sound
            line += len(block)
            continue
        source = _Lines(itertools.chain([block], remaining), cap, line)
        yield from _careful(source, delimiter, width, cap, line + len(block))
        line = source.line
        left = source.left()  # the rest of a block that the last row reached into


def _sound(block: list[str], delimiter: str, width: int) -> list[list[str]] | None:
    """Return the rows of a block in which nothing is wrong, else None."""
    if type(block[0]) is Torn:
        return None
    found = _rows_of(block, delimiter)
    if found is None:
        return None
    widths = set(map(len, found))
    if widths == {width}:
        return found
    return [row for row in found if row] if widths == {width, 0} else None


def _rows_of(block: list[str], delimiter: str) -> list[list[str]] | None:
    """Return the rows of a block, None when the last one does not end in it."""
    try:
        found = list(csv.reader([*block, _END], delimiter=delimiter))
    except csv.Error:
        return None
    return found if found.pop() == [_END] else None  # else it lies inside an open quote


_END = "\x00 end of block"


def _careful(
    source: _Lines, delimiter: str, width: int, cap: int, until: int
) -> Iterator[list[list[str]] | Bad]:
    """Yield rows one by one to the first that ends at line ``until`` or after it."""
    while True:
        try:
            for row in csv.reader(source, delimiter=delimiter):
                if len(row) == width and not source.ended:
                    yield [row]
                elif row:
                    yield _judge(source, row, width)
                source.begin()
                if source.line >= until:
                    return
            return
        except (csv.Error, _TooLong):
            yield _too_long(source, cap)
            source.take_back()
            if source.line >= until:
                return


def _judge(source: _Lines, row: list[str], width: int) -> list[list[str]] | Bad:
    """Say what is wrong with a row, and have what it swallowed read again."""
    if source.ended:  # only an open quote makes a row ask for a line that is not there
        why = "a quote is never closed"
    elif len(row) > width and not any(row[width:]):
        return [row[:width]]
    else:
        why = f"the row has {len(row)} cell{'s' * (len(row) != 1)} where {width} are expected"
    bad = Bad(source.first, why)
    source.take_back()
    return bad


def _too_long(source: _Lines, cap: int) -> Bad:
    if len(source.row) > 1:
        return Bad(source.first, "a quote is never closed")
    return Bad(source.first, f"the row is longer than {cap} characters", "too_large")
