"""Regular expressions that people bring: compiled once, and stopped when they run away.

They run on the `regex` package, which takes the same syntax as `re` and, unlike it, can be told to
give up: a pattern that backtracks for ever ends with a typed error that names it, in a worker and
in plain sync code alike. The deadline of the worker it runs in stays behind that.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ai_catalyst.errors import ProcessingError, UserError

__all__ = ["Deadline", "compiled", "matches", "searched", "substituted"]

PATTERN_SECONDS = 1.0
_LONGEST = 10_000


class Deadline:
    """What is left of the time that the patterns of one document may take together."""

    def __init__(self, seconds: float = 10.0, *, pattern_s: float = PATTERN_SECONDS) -> None:
        """Begin to count."""
        self._end = time.monotonic() + seconds
        self._pattern_s = pattern_s

    @property
    def left(self) -> float:
        """Seconds that the next match may take, never 0."""
        return max(0.001, min(self._pattern_s, self._end - time.monotonic()))


def compiled(pattern: str, place: str) -> Any:
    """Return a compiled pattern; raises `UserError` that says where it is broken and how."""
    try:
        return _compiled(pattern)
    except _Broken as error:
        raise UserError(f"{place}: broken pattern {pattern[:200]!r}: {error}") from error


class _Broken(Exception):
    pass


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    import regex

    if len(pattern) > _LONGEST:
        raise _Broken(f"it is longer than {_LONGEST} characters")
    try:
        return regex.compile(pattern, regex.MULTILINE)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise _Broken(str(error)) from error


def matches(pattern: str, text: str, place: str, deadline: Deadline) -> Iterator[Any]:
    """Yield every match; raises `ProcessingError` when the pattern takes too long."""
    compiled_pattern = compiled(pattern, place)
    try:
        yield from compiled_pattern.finditer(text, timeout=deadline.left)
    except TimeoutError as error:
        raise _runaway(place) from error


def searched(pattern: str, text: str, place: str, deadline: Deadline) -> Any:
    """Return the first match or None; raises `ProcessingError` when it takes too long."""
    try:
        return compiled(pattern, place).search(text, timeout=deadline.left)
    except TimeoutError as error:
        raise _runaway(place) from error


def substituted(pattern: str, by: str, text: str, place: str, deadline: Deadline) -> str:
    """Return the text with every match replaced; raises as `searched` does."""
    import regex

    try:
        changed: str = compiled(pattern, place).sub(by, text, timeout=deadline.left)
    except TimeoutError as error:
        raise _runaway(place) from error
    except (regex.error, IndexError) as error:
        raise UserError(f"{place}: broken replacement {by[:200]!r}: {error}") from error
    return changed


def _runaway(place: str) -> ProcessingError:
    return ProcessingError(
        f"{place}: the pattern takes too long on this document; make it more exact"
        " (nested repeats like (a+)+ are the usual cause)"
    )
