"""What is known about blocking calls, as data: a TOML file per field, and a user's own files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ai_catalyst.errors import UserError

__all__ = ["Catalogue", "Entry", "load_catalogue"]

_HERE = Path(__file__).parent
_BRACES = re.compile(r"\{([^{}]*)\}")
KINDS = ("network", "database", "file", "process", "sleep", "lock", "cpu")
_LISTS = (
    "offload",
    "offload_shapes",
    "offload_decorators",
    "invoke",
    "loop_callbacks",
    "loop_decorators",
    "routes",
    "clients",
    "endless",
    "fluent",
    "safe",
)
_TABLES = ("returns", "attributes", "aliases", "loop_classes")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a blocking call is, what it usually costs in milliseconds, and what to call instead."""

    kind: str
    cost_ms: float
    replacement: str
    unless_keywords: tuple[tuple[str, str], ...] = ()
    unless_argument_names: tuple[str, ...] = ()
    unless_given: tuple[str, ...] = ()
    unless_module_uses: tuple[str, ...] = ()
    unless_called: frozenset[str] = frozenset()
    folded_into: frozenset[str] = frozenset()
    no_default_timeout: bool = False

    def advice(self, name: str) -> str:
        """Return the replacement, with the call's own name put in."""
        return self.replacement.replace("{name}", name.rpartition(".")[2])


class Names:
    """A set of dotted names with ``*`` (one part; at the end: any parts) and ``**`` (any parts)."""

    def __init__(self) -> None:
        """Begin empty."""
        self._exact: dict[str, Any] = {}
        self._under: dict[str, Any] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Any]]] = {}

    def add(self, name: str, value: Any) -> None:
        """Add one name or pattern (no braces)."""
        if "*" not in name:
            self._exact[name] = value
        elif name.endswith(".*") and "*" not in name[:-2]:
            self._under[name[:-2]] = value
        else:
            text = re.escape(name).replace(r"\*\*", r"[^()\[\]]+(?:\(\))?[^\[\]]*")
            pattern = re.compile(text.replace(r"\*", "[^.]+"))
            self._patterns.setdefault(name.partition(".")[0], []).append((pattern, value))

    def exact(self, path: str) -> Any:
        """Return the value of a name that was given in full, or None."""
        return self._exact.get(path)

    def names(self) -> Iterator[str]:
        """Return every name that was given in full."""
        yield from self._exact

    def items(self) -> Iterator[tuple[str, Any]]:
        """Return every name that was given in full, with its value."""
        yield from self._exact.items()

    def get(self, path: str) -> Any:
        """Return the value of the closest name or pattern, or None."""
        found = self._exact.get(path)
        if found is not None:
            return found
        for pattern, value in self._patterns.get(path.partition(".")[0], ()):
            if pattern.fullmatch(path):
                return value
        end = len(path)
        while (end := path.rfind(".", 0, end)) > 0:
            value = self._under.get(path[:end])
            if value is not None and not any(c in path[end:] for c in "(["):
                return value
        return None


@dataclass(slots=True)
class Catalogue:
    """Every entry, and how values of known libraries lead to one another."""

    blocking: Names = field(default_factory=Names)
    shapes: dict[str, list[tuple[str, Entry]]] = field(default_factory=dict)
    lists: dict[str, Names] = field(default_factory=lambda: {name: Names() for name in _LISTS})
    returns: dict[str, str] = field(default_factory=dict)
    attributes: Names = field(default_factory=Names)
    aliases: dict[str, str] = field(default_factory=dict)
    loop_classes: dict[str, list[str]] = field(default_factory=dict)
    tops: set[str] = field(default_factory=set)
    size: int = 0

    def canonical(self, path: str) -> str:
        """Return the one name of what may be reached by several."""
        for _ in range(4):
            end = len(path)
            while end > 0:
                other = self.aliases.get(path[:end])
                if other is not None:
                    path = other + path[end:]
                    break
                end = path.rfind(".", 0, end)
            else:
                return path
        return path

    def exact_names(self) -> Iterator[tuple[str, Entry]]:
        """Return every blocking call that is named in full."""
        yield from self.blocking.items()

    def blocks(self, path: str) -> Entry | None:
        """Return the entry of a dotted name, None when it does not block or is not known."""
        entry: Entry | None = self.blocking.get(path)
        if entry is None or self.blocking.exact(path) is not None:
            return entry
        return None if self.lists["safe"].get(path) else entry

    def shape(self, path: str) -> Entry | None:
        """Return the entry of a call known by the end of its path alone."""
        last = path.rpartition(".")[2]
        for suffix, entry in self.shapes.get(last, ()):
            if path.endswith(suffix):
                return entry
        return None

    def named(self, listing: str, path: str) -> bool:
        """Tell whether a dotted name is in a list such as ``offload``."""
        return self.lists[listing].get(path) is not None

    def result(self, path: str) -> str | None:
        """Return what a call of this name gives, as a path; None when that leads nowhere."""
        known = self.returns.get(path)
        if known is not None:
            return known
        owner, _, last = path.rpartition(".")
        if self.lists["fluent"].exact(owner):
            return owner
        if last[:1].isupper():
            return path
        return f"{path}()" if path.count("(") + path.count("[") < 5 else None

    def attribute(self, path: str, name: str) -> str:
        """Return the path of an attribute."""
        whole = self.canonical(f"{path}.{name}")
        known = self.attributes.exact(whole)
        if known is not None:
            return str(known)
        if self.blocking.exact(whole) or whole in self.returns:
            return whole
        return str(self.attributes.get(whole) or whole)

    def item(self, path: str) -> str | None:
        """Return the path of ``value[…]``."""
        whole = f"{path}[]"
        known = self.returns.get(whole) or self.attributes.exact(whole)
        return known or (whole if whole.count("[") + whole.count("(") < 5 else None)

    def element(self, path: str) -> str | None:
        """Return the path of what iteration over a value gives."""
        return self.returns.get(f"{path}.__iter__") or self.attributes.exact(f"{path}.__iter__")

    def add(self, data: dict[str, Any], source: str) -> None:
        """Take in one file's tables; a mistake names the file and the table."""
        unknown = set(data) - {"blocks", "shapes", *_LISTS, *_TABLES}
        if unknown:
            raise UserError(f"{source}: unknown table {min(unknown)!r} in a catalogue")
        for table in data.get("blocks", ()):
            entry, names = _entry(table, source)
            for name in names:
                self.blocking.add(name, entry)
                self.size += 1
        for table in data.get("shapes", ()):
            entry, names = _entry(table, source)
            for name in names:
                self.shapes.setdefault(name.rpartition(".")[2], []).append((name, entry))
                self.size += 1
        for listing in _LISTS:
            for name in _expand(data.get(listing, {}).get("names", ())):
                self.lists[listing].add(name, name)
        self.returns.update(_pairs(data.get("returns", {})))
        for name, value in _pairs(data.get("attributes", {})):
            self.attributes.add(name, value)
        self.aliases.update(_pairs(data.get("aliases", {})))
        self.loop_classes.update(_pairs(data.get("loop_classes", {})))


def _entry(table: dict[str, Any], source: str) -> tuple[Entry, list[str]]:
    try:
        kind = table["kind"]
        if kind not in KINDS:
            raise UserError(f"{source}: kind {kind!r} is none of {', '.join(KINDS)}")
        entry = Entry(
            kind=kind,
            cost_ms=float(table.get("cost_ms", 10)),
            replacement=table["replacement"],
            unless_keywords=tuple(table.get("unless_keywords", {}).items()),
            unless_argument_names=tuple(table.get("unless_argument_names", ())),
            unless_given=tuple(table.get("unless_given", ())),
            unless_module_uses=tuple(table.get("unless_module_uses", ())),
            unless_called=frozenset(table.get("unless_called", ())),
            folded_into=frozenset(table.get("folded_into", ())),
            no_default_timeout=bool(table.get("no_default_timeout", False)),
        )
        return entry, list(_expand(table["names"]))
    except KeyError as error:
        raise UserError(f"{source}: a table of blocking calls has no {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{source}: a table of blocking calls cannot be read: {error}") from error


def _expand(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        match = _BRACES.search(name)
        if match is None:
            yield name
            continue
        before, after = name[: match.start()], name[match.end() :]
        yield from _expand(f"{before}{part.strip()}{after}" for part in match[1].split(","))


def _pairs(table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for names, value in table.items():
        for name in _expand([names]):
            yield name, value


@lru_cache(maxsize=4)
def load_catalogue(extra: tuple[Path, ...] = ()) -> Catalogue:
    """Return our catalogue, with a user's own files on top: what they name wins.

    Raises `UserError` when a file cannot be read, naming it.
    """
    catalogue = Catalogue()
    for path in (*sorted(_HERE.glob("*.toml")), *extra):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(f"cannot read the catalogue {path}: {error}") from error
        catalogue.add(data, path.name)
    catalogue.tops = {name.partition(".")[0] for name in catalogue.blocking._exact}
    return catalogue
