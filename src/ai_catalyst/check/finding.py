"""A finding: a blocking call, the async function that reaches it, and every step between."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Finding", "Place", "severity_of"]

_ORDER = ("note", "warning", "error")


@dataclass(frozen=True, slots=True)
class Place:
    """A file, a line (from 1), and the name of what stands there."""

    file: str
    line: int
    name: str

    def __str__(self) -> str:
        """Return ``file:line``."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One blocking call that one async function reaches, by the shortest chain.

    ``file:line`` is the place in the async function ``root``; ``chain`` leads from there to the
    call itself, its last place. ``cost_ms`` is what such a call usually takes.
    """

    file: str
    line: int
    root: str
    sink: str
    kind: str
    replacement: str
    chain: tuple[Place, ...]
    severity: str
    cost_ms: float
    message: str = ""
    allowed: str = ""

    @property
    def place(self) -> Place:
        """Return where the blocking call itself stands."""
        return self.chain[-1]

    @property
    def key(self) -> str:
        """Return what stays the same when lines move: for the baseline."""
        return f"{self.file}::{self.root} -> {self.place.file}::{self.sink}"

    def seen_from(self, prefix: str) -> Finding:
        """Return the same finding with its paths below a prefix."""
        chain = tuple(replace(p, file=prefix + p.file) for p in self.chain)
        return replace(self, file=prefix + self.file, chain=chain)


def severity_of(cost_ms: float, *, serves: bool) -> str:
    """Return note, warning or error: by the milliseconds, one up where requests are served."""
    rank = 0 if cost_ms < 2 else 1 if cost_ms < 50 else 2
    return _ORDER[min(rank + (serves and cost_ms >= 0.1), 2)]
