"""The paths that mean a driver's things in one function."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Held"]


@dataclass(frozen=True, slots=True)
class Held:
    """The paths that mean a driver's things in one function.

    ``rows`` is what a cursor's rows are when it does not say (plain or dict), ``given`` what those
    of a cursor from elsewhere are. ``autocommit`` tells that each statement is a transaction.
    """

    driver: str
    connections: frozenset[str] = frozenset()
    makers: frozenset[str] = frozenset()
    pools: frozenset[str] = frozenset()
    cursors: frozenset[str] = frozenset()
    rows: str = "plain"
    given: str = "plain"
    autocommit: bool = False

    def also(self, connection: str) -> Held:
        """Return the same with one more connection."""
        return replace(self, connections=self.connections | {connection})
