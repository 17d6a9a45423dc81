"""The paths that mean SQLAlchemy's things in one function: sessions, factories, engines, models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Sessions"]


@dataclass(frozen=True, slots=True)
class Sessions:
    """What one function holds, by the shape of its expressions (`self.session`, `SessionLocal`).

    ``clients`` are those of tests, ``entities`` the models it names, ``models`` the bare names of
    all models, ``eager`` tells that a relationship somewhere loads by a join, ``spelled`` says how
    the file writes ``select``.
    """

    sessions: frozenset[str] = frozenset()
    factories: frozenset[str] = frozenset()
    engines: frozenset[str] = frozenset()
    connections: frozenset[str] = frozenset()
    queries: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    clients: frozenset[str] = frozenset()
    entities: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    eager: bool = False
    spelled: Mapping[str, str] = field(default_factory=dict)
    makers: frozenset[str] = frozenset()

    def name(self, item: str) -> str:
        """Return how this file writes a name of SQLAlchemy's."""
        return self.spelled.get(item, item)
