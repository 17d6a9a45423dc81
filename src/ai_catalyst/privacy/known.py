"""Values a session has met: found again wherever they stand, in linear time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai_catalyst.privacy.finding import Finding
from ai_catalyst.privacy.overlap import resolved

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["KnownValues"]

_WORD = re.compile(r"[^\W_]+")
_DISTINCTIVE = 8
"""From this many characters on a value is hidden inside longer words, too."""
_TELLING = 4
"""From this many letters on a word of a name tells whose it is."""


class KnownValues:
    """An index of values by their first word, and the long ones as they are."""

    def __init__(self) -> None:
        """Start empty."""
        self._by_word: dict[str, list[tuple[str, str, int]]] = {}
        self._long: list[tuple[str, str]] = []
        self._seen: set[str] = set()

    def add(self, kind: str, value: str) -> None:
        """Remember a value; the first kind it came with stays."""
        if value in self._seen:
            return
        self._seen.add(value)
        self._index(kind, value)
        if len(value) >= _DISTINCTIVE:
            self._long.append((value, kind))
        if kind == "NAME":
            for part in _parts(value):
                if part not in self._seen:
                    self._index(kind, part)

    def _index(self, kind: str, value: str) -> None:
        first = _WORD.search(value)
        if first is None:
            return
        entries = self._by_word.setdefault(first.group(), [])
        if not any(value == known for known, _, _ in entries):
            entries.append((value, kind, first.start()))
            entries.sort(key=lambda entry: -len(entry[0]))

    def holds(self, value: str) -> bool:
        """Whether a value was met."""
        return value in self._seen

    def complete(self, text: str, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings and every other place where a known value stands, resolved."""
        found = list(findings)
        if not self._by_word:
            return resolved(found)
        taken = {(finding.start, finding.end) for finding in found}
        extra = [
            Finding(kind, start, start + len(value), value, 0.5, "known")
            for value, kind, start in self._places(text)
            if (start, start + len(value)) not in taken
        ]
        return resolved([*found, *extra]) if extra else resolved(found)

    def _places(self, text: str) -> Iterable[tuple[str, str, int]]:
        for word in _WORD.finditer(text):
            for value, kind, offset in self._by_word.get(word.group(), ()):
                start = word.start() - offset
                if (
                    start >= 0
                    and text.startswith(value, start)
                    and _stands_alone(text, start, start + len(value))
                ):
                    yield value, kind, start
                    break
        for value, kind in self._long:
            at = text.find(value)
            while at >= 0:
                yield value, kind, at
                at = text.find(value, at + len(value))


def _parts(name: str) -> list[str]:
    """Return the words of a name that mean nobody else: later turns use them alone."""
    from ai_catalyst.privacy.recognisers.letters import is_common

    words = [part for part in _WORD.findall(name) if len(part) >= _TELLING and part != name]
    return [part for part in words if part[0].isupper() and not is_common(part)]


def _stands_alone(text: str, start: int, end: int) -> bool:
    before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    after = end < len(text) and text[end].isalnum() and text[end - 1].isalnum()
    return not before and not after
