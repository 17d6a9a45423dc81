"""What the terminal may be shown: safe lines, plain tables, sizes and money for people."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence

__all__ = ["count", "fault", "moment", "money", "print_json", "safe_line", "short", "size", "table"]

_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def safe_line(text: str, width: int | None = None) -> str:
    """Return text as one line without control, bidi or other invisible characters.

    Names and titles come from outside: an escape sequence among them could repaint the terminal.
    """
    line = "".join(
        " " if char in "\t\r\n" else "" if unicodedata.category(char) in _UNSAFE else char
        for char in text
    )
    line = " ".join(line.split())
    if width is not None and len(line) > width:
        return line[: width - 1] + "…"
    return line


def short(name: str, width: int) -> str:
    """Return a name as one safe line, cut in its middle: both ends tell what it is."""
    line = safe_line(name)
    if len(line) <= width:
        return line
    head = (width - 1) // 3
    return f"{line[:head]}…{line[head + 1 - width :]}"


def fault(name: str, reason: str) -> str:
    """Return the line that says what failed and why, naming it once."""
    told = safe_line(reason, 160)
    return f"  ✗ {told}" if told.startswith(safe_line(name)) else f"  ✗ {short(name, 44)}: {told}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``"1 page"``, ``"2 pages"``, ``"12,000 pages"``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size(number: float) -> str:
    """Return a number of bytes for people: ``"0 bytes"``, ``"1.4 MiB"``."""
    if number < 1024:
        return count(int(number), "byte")
    for unit in ("KiB", "MiB", "GiB"):
        number /= 1024
        if number < 1024:
            return f"{number:,.1f} {unit}"
    return f"{number / 1024:,.1f} TiB"


def money(usd: float) -> str:
    """Return US dollars with as many places as a small sum needs."""
    return f"${usd:,.2f}" if usd == 0 or usd >= 0.01 else f"${usd:.4f}"


def moment(at: float) -> str:
    """Return a time, in seconds since the epoch, as people here write it, to the second."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def print_json(value: object) -> None:
    """Print a value on stdout as JSON, for programs."""
    import json

    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout: drawn on a terminal, tab-separated where a program reads it."""
    safe = [[safe_line(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in safe:
            sys.stdout.write("\t".join(row) + "\n")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    drawn = Table(*header, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in safe:
        drawn.add_row(*row)
    Console().print(drawn, markup=False)
