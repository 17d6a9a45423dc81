"""The ``lines`` parser: rows of a list, of one line each or of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ai_catalyst.pdf.patterns import Deadline, searched
from ai_catalyst.pdf.templates.model import LineRule

__all__ = ["read_lines"]

Typed = Callable[[str, str | None], Any]
_MOST_ROWS = 20_000


def read_lines(
    rule: LineRule, text: str, place: str, deadline: Deadline, typed: Typed
) -> list[dict[str, Any]]:
    """Return the rows between ``start`` and ``end``; named groups are their columns.

    A line that fits ``first_line`` begins a row, one that fits ``last_line`` ends it, one that fits
    ``line`` goes on with it. Without either every ``line`` is a row; with a ``first_line`` what
    stands between two rows is nobody's. A column that comes again within a row is joined by line
    ends. Other lines are passed over.
    """
    return _Rows(rule, place, deadline, typed).read(text)


class _Rows:
    def __init__(self, rule: LineRule, place: str, deadline: Deadline, typed: Typed) -> None:
        self.rule = rule
        self.place = place
        self.deadline = deadline
        self.typed = typed
        self.rows: list[dict[str, str]] = []
        self.open: dict[str, str] | None = None

    def read(self, text: str) -> list[dict[str, Any]]:
        part = self._part(text)
        for line in part.splitlines():
            if line.strip() and not self._first_of(self.rule.skip_line, line):
                self._take(line.rstrip())
        self._close()
        return [
            {
                name: value
                for name, raw in row.items()
                if (value := self.typed(raw, self.rule.types.get(name))) is not None
            }
            for row in self.rows[:_MOST_ROWS]
        ]

    def _part(self, text: str) -> str:
        begun = searched(self.rule.start, text, self.place, self.deadline)
        if begun is None:
            return ""
        rest = text[begun.end() :]
        ended = searched(self.rule.end, rest, self.place, self.deadline)
        return rest[: ended.start()] if ended is not None else ""

    def _take(self, line: str) -> None:
        first = self._first_of(self.rule.first_line, line)
        if first is not None:
            self._close()
            self.open = {}
            self._add(first)
            return
        if self.open is None and self.rule.first_line:
            return  # between rows: headings and feet of pages
        last = self._first_of(self.rule.last_line, line)
        middle = self._first_of(self.rule.line, line) if last is None else None
        if last is None and middle is None:
            return
        self.open = {} if self.open is None else self.open
        self._add(last if last is not None else middle)
        if last is not None or not (self.rule.first_line or self.rule.last_line):
            self._close()

    def _first_of(self, patterns: Iterable[str], line: str) -> Any:
        for pattern in patterns:
            match = searched(pattern, line, self.place, self.deadline)
            if match is not None:
                return match
        return None

    def _add(self, match: Any) -> None:
        row = self.open
        if row is None:
            return
        for name, raw in match.groupdict().items():
            if raw is not None and raw.strip():
                row[name] = f"{row[name]}\n{raw.strip()}" if name in row else raw.strip()

    def _close(self) -> None:
        if self.open:
            self.rows.append(self.open)
        self.open = None
