"""What was found in a text, and the text without it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Finding", "Scrubbed", "counts_by_kind"]


class Finding(NamedTuple):
    """One piece of personal data in a text.

    ``kind`` is the placeholder's name (``"EMAIL"``), ``start`` and ``end`` are offsets in
    characters, ``text`` is what stands there, ``score`` how sure we are (0 to 1), ``recogniser``
    what found it.
    """

    kind: str
    start: int
    end: int
    text: str
    score: float = 1.0
    recogniser: str = ""

    def __repr__(self) -> str:
        """Show everything but the text: it is somebody's, and representations end up in logs."""
        place = f"{self.start}:{self.end}"
        return f"Finding({self.kind} at {place}, score={self.score:.2f}, {self.recogniser})"


class Scrubbed(str):
    """A text without personal data: a plain ``str`` that remembers how it came about.

    ``strategy`` is what was really used, ``fell_back`` whether the one asked for had failed,
    ``findings`` what was replaced, with offsets in the text as it was before.
    """

    __slots__ = ("fell_back", "findings", "strategy")

    strategy: str
    fell_back: bool
    findings: list[Finding]

    def __new__(
        cls,
        text: str,
        strategy: str = "regex",
        fell_back: bool = False,
        findings: Iterable[Finding] = (),
    ) -> Scrubbed:
        """Wrap a scrubbed text."""
        scrubbed = super().__new__(cls, text)
        scrubbed.strategy = strategy
        scrubbed.fell_back = fell_back
        scrubbed.findings = list(findings)
        return scrubbed

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling with what is remembered."""
        return (Scrubbed, (str(self), self.strategy, self.fell_back, self.findings))

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there were of each kind."""
        return counts_by_kind(self.findings)

    def __str__(self) -> str:
        """Return the bare text."""
        return self[:]


def counts_by_kind(findings: Iterable[Finding]) -> dict[str, int]:
    """Count findings by kind, in the order of the kinds' names."""
    return dict(sorted(Counter(finding.kind for finding in findings).items()))
