"""`Template` and the rules it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["GROUPS", "TYPES", "Area", "LineRule", "Options", "Rule", "TableRule", "Template"]

GROUPS = ("sum", "min", "max", "first", "last", "join")
TYPES = ("int", "float", "date", "str")


@dataclass(frozen=True, slots=True)
class Area:
    """A part of pages: first and last page, and a box in pixels at a resolution (dots an inch)."""

    f: int = 1
    l: int = 1  # noqa: E741 - the format's own name
    x: float = 0
    y: float = 0
    r: float = 72
    W: float = 0
    H: float = 0


@dataclass(frozen=True, slots=True)
class LineRule:
    """How rows of a list are read between ``start`` and ``end``."""

    start: str
    end: str
    line: tuple[str, ...]
    first_line: tuple[str, ...] = ()
    last_line: tuple[str, ...] = ()
    skip_line: tuple[str, ...] = ()
    types: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field is read: ``parser`` is ``regex``, ``static`` or ``lines``."""

    name: str
    parser: str
    patterns: tuple[str, ...] = ()
    type: str | None = None
    group: str | None = None
    value: Any = None
    lines: tuple[LineRule, ...] = ()
    area: Area | None = None


@dataclass(frozen=True, slots=True)
class TableRule:
    """How fields are read whose headings stand on another line: groups of ``body``."""

    start: str
    end: str
    body: tuple[str, ...]
    types: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Options:
    """What is done to the text before, and how values are written.

    Where no ``currency`` is named the document is asked for it.
    """

    currency: str = ""
    decimal_separator: str = "."
    date_formats: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    replace: tuple[tuple[str, str], ...] = ()
    remove_whitespace: bool = False
    remove_accents: bool = False
    lowercase: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """One supplier's invoices. ``path`` is where it was read, for messages."""

    path: str
    issuer: str
    keywords: tuple[str, ...]
    exclude_keywords: tuple[str, ...]
    rules: tuple[Rule, ...]
    tables: tuple[TableRule, ...]
    options: Options
    required_fields: tuple[str, ...]
    priority: int = 5
