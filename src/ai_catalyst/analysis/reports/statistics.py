"""The figures of a report, gathered row by row in bounded memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ai_catalyst.analysis.plain import safe_text
from ai_catalyst.analysis.reports.row import ReportRow

__all__ = ["Statistics", "Tally"]


class Tally:
    """Counts names regardless of case; keeps the frequent ones when there are too many to hold.

    At `limit` different names those counted least are dropped, half of them at a time: a name that
    is often seen stays, and the result depends only on the order of what was added.
    """

    def __init__(self, limit: int = 20_000) -> None:
        """Hold at most `limit` names."""
        self._limit = limit
        self._counts: Counter[str] = Counter()
        self._shown: dict[str, str] = {}

    def add(self, name: str, count: int = 1) -> None:
        """Count `name`; the spelling seen first is the one shown."""
        shown = safe_text(name, 80)
        key = shown.casefold()
        if not key:
            return
        if key not in self._counts and len(self._counts) >= self._limit:
            self._drop_rare()
        self._shown.setdefault(key, shown)
        self._counts[key] += count

    def _drop_rare(self) -> None:
        kept = self._counts.most_common(self._limit // 2)
        self._counts = Counter(dict(kept))
        self._shown = {key: self._shown[key] for key, _ in kept}

    def top(self, count: int) -> list[tuple[str, int]]:
        """Return the most counted names; equal counts stay in the order they came."""
        ranked = sorted(self._counts.items(), key=lambda item: -item[1])
        return [(self._shown[key], number) for key, number in ranked[:count]]

    def __len__(self) -> int:
        """How many different names are held."""
        return len(self._counts)


@dataclass(slots=True)
class Statistics:
    """What a report tells in figures; the same whatever order the work was done in."""

    sources: int = 0
    read: int = 0
    failed: int = 0
    partial: int = 0
    extractive: int = 0
    pages: int = 0
    words: int = 0
    kinds: Tally = field(default_factory=Tally)
    languages: Tally = field(default_factory=Tally)
    methods: Tally = field(default_factory=Tally)
    topics: Tally = field(default_factory=Tally)
    people: Tally = field(default_factory=Tally)
    organisations: Tally = field(default_factory=Tally)
    places: Tally = field(default_factory=Tally)
    personal: Tally = field(default_factory=Tally)

    def add(self, row: ReportRow) -> None:
        """Count one row."""
        self.sources += 1
        if row.analysis is None:
            self.failed += 1
            return
        self.read += 1
        self.pages += row.pages
        self.words += row.words
        self.kinds.add(row.kind)
        self.languages.add(row.language or row.analysis.language)
        for kind, number in row.personal.items():
            self.personal.add(kind, number)
        self._add_analysis(row)

    def _add_analysis(self, row: ReportRow) -> None:
        analysis = row.analysis
        if analysis is None:
            return
        self.partial += analysis.partial
        self.extractive += analysis.extractive
        self.methods.add(analysis.method)
        for topic in analysis.topics:
            self.topics.add(topic)
        for name in ("people", "organisations", "places"):
            tally: Tally = getattr(self, name)
            for mentioned in analysis.entities.get(name, ()):
                tally.add(mentioned)
