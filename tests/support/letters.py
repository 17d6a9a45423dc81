"""Letters from a lighthouse: an inbox of small documents, each unlike the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Write = Callable[[str, str | bytes], Path]


def prose(number: int) -> str:
    """Return the text of one letter."""
    return (
        f"Letter {number} from the lighthouse. The lamp was cleaned {number} times this month. "
        "A ship called at noon and left its mail. The keeper counted the gulls and found them all. "
        f"The weather will turn in {number} days, says the barometer on the wall.\n"
    ) * 3


def inbox(write: Write, count: int) -> list[str]:
    """Write so many letters; returns their names, in order."""
    names = [f"inbox/{number:03}.txt" for number in range(count)]
    for number, name in enumerate(names):
        write(name, prose(number))
    return names
