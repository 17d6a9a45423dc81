"""SQL for one table, made once: the text, the order of its values, and how rows become values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from sqlalchemy import Table

__all__ = ["OnConflict", "Row", "Statements"]

Row = Mapping[str, Any]
OnConflict = Literal["error", "ignore", "replace"]
Convert = Callable[[Any], Any]


class Statements:
    """The statements of a table with one primary key, for one kind of database."""

    def __init__(self, table: Table, kind: str) -> None:
        """Read the table; raises `UserError` unless its primary key is one column."""
        keys = list(table.primary_key.columns)
        if len(keys) != 1:
            raise UserError(f"the table {table.name} needs a primary key of one column")
        self.kind = kind
        self.dialect = _dialect(kind)
        self._quote = self.dialect.identifier_preparer.quote
        self.table = table
        self.name = self.dialect.identifier_preparer.format_table(table)
        self.key = keys[0].name
        self.columns = [column.name for column in table.columns]
        self._in = {c.name: _in(c, self.dialect) for c in table.columns}
        self._out = [
            (index, convert)
            for index, c in enumerate(table.columns)
            if (convert := _out(c, self.dialect)) is not None
        ]
        listed = ", ".join(map(self.quoted, self.columns))
        self.select = f"SELECT {listed} FROM {self.name}"  # noqa: S608 - quoted names only
        self.get = f"{self.select} WHERE {self.quoted(self.key)} = {self.mark(1)}"

    def quoted(self, column: str) -> str:
        """Return a column's name as SQL; raises `UserError` when the table has none such."""
        if column not in self._in:
            raise UserError(f"the table {self.table.name} has no column {column!r}")
        return str(self._quote(column))

    def mark(self, position: int) -> str:
        """Return the parameter mark for a position (from 1)."""
        return {"postgres": f"${position}", "mysql": "%s"}.get(self.kind, "?")

    def value(self, column: str, value: Any) -> Any:
        """Return a value as the driver takes it."""
        convert = self._in[column]
        return value if convert is None or value is None else convert(value)

    def getter(self, columns: Sequence[str]) -> Callable[[Row], tuple[Any, ...]]:
        """Return what makes a row the driver's values, in the order of ``columns``."""
        converts = [self._in[name] for name in columns]
        if len(columns) > 1 and not any(converts):
            return itemgetter(*columns)

        def values(row: Row) -> tuple[Any, ...]:
            return tuple([self.value(name, row[name]) for name in columns])

        return values

    def rows(self, given: Iterable[Row]) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """Return the columns that rows have in common, and their values, made as they are read."""
        rest = iter(given)
        first = next(rest, None)
        if first is None:
            return [], iter(())
        columns = self.columns_of(first)
        return columns, self._values(columns, chain([first], rest))

    def _values(self, columns: list[str], rows: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
        get, width = self.getter(columns), len(columns)
        for row in rows:
            try:
                values = get(row)
            except KeyError as error:
                raise UserError(f"a row for {self.table.name} has no {error.args[0]!r}") from None
            if len(row) != width:
                raise UserError(f"rows for {self.table.name} must all have the same columns")
            yield values

    def columns_of(self, row: Row) -> list[str]:
        """Return the columns a row brings; raises `UserError` for one the table has not."""
        for name in row:
            self.quoted(name)
        if self.key not in row:
            raise UserError(f"a row for {self.table.name} needs its key {self.key!r}")
        return [name for name in self.columns if name in row]

    def row(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return the row of values that a driver gave."""
        if self._out:
            values = list(values)
            for index, convert in self._out:
                if values[index] is not None:
                    values[index] = convert(values[index])
        return dict(zip(self.columns, values, strict=True))

    def insert(self, columns: Sequence[str], on_conflict: OnConflict, source: str = "") -> str:
        """Return an INSERT of one row of marks, or of what ``source`` selects."""
        listed = ", ".join(map(self.quoted, columns))
        marks = ", ".join(self.mark(place) for place in range(1, len(columns) + 1))
        verb = "INSERT IGNORE" if (self.kind, on_conflict) == ("mysql", "ignore") else "INSERT"
        body = source or f"VALUES ({marks})"
        return f"{verb} INTO {self.name} ({listed}) {body}{self._conflict(columns, on_conflict)}"

    def _conflict(self, columns: Sequence[str], on_conflict: OnConflict) -> str:
        if on_conflict == "error" or (self.kind == "mysql" and on_conflict == "ignore"):
            return ""
        key = self.quoted(self.key)
        others = [self.quoted(name) for name in columns if name != self.key]
        if on_conflict == "ignore" or not others:
            return f" ON CONFLICT ({key}) DO NOTHING" if self.kind != "mysql" else ""
        if self.kind == "mysql":
            sets = ", ".join(f"{name} = VALUES({name})" for name in others)
            return f" ON DUPLICATE KEY UPDATE {sets}"
        sets = ", ".join(f"{name} = excluded.{name}" for name in others)
        return f" ON CONFLICT ({key}) DO UPDATE SET {sets}"

    def where(self, conditions: Row, first: int = 1) -> tuple[str, list[Any]]:
        """Return `` WHERE …`` for columns that equal values (or None), and the values."""
        parts: list[str] = []
        values: list[Any] = []
        for name, value in conditions.items():
            if value is None:
                parts.append(f"{self.quoted(name)} IS NULL")
            else:
                parts.append(f"{self.quoted(name)} = {self.mark(first + len(values))}")
                values.append(self.value(name, value))
        return (f" WHERE {' AND '.join(parts)}" if parts else ""), values

    def update(self, changes: Row, conditions: Row) -> tuple[str, list[Any]]:
        """Return an UPDATE and its values."""
        sets = ", ".join(
            f"{self.quoted(name)} = {self.mark(place)}" for place, name in enumerate(changes, 1)
        )
        values = [self.value(name, value) for name, value in changes.items()]
        where, more = self.where(conditions, len(values) + 1)
        return f"UPDATE {self.name} SET {sets}{where}", values + more  # noqa: S608 - quoted names

    def many(self, keys: Iterable[Any]) -> tuple[str, list[Any]]:
        """Return a SELECT of the rows with some keys, and its values."""
        values = [self.value(self.key, key) for key in keys]
        marks = ", ".join(self.mark(place) for place in range(1, len(values) + 1))
        return f"{self.select} WHERE {self.quoted(self.key)} IN ({marks})", values


def _dialect(kind: str) -> Any:
    from sqlalchemy.dialects import mysql, sqlite

    if kind == "postgres":
        from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

        return PGDialect_asyncpg()  # type: ignore[no-untyped-call]
    return mysql.dialect() if kind == "mysql" else sqlite.dialect()


def _in(column: Any, dialect: Any) -> Convert | None:
    """Return how a value of a column becomes one of the driver's; None when it is one already."""
    if _is_json(column, dialect):
        return lambda value: msgspec.json.encode(value).decode()
    found: Convert | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return found


def _out(column: Any, dialect: Any) -> Convert | None:
    from sqlalchemy import Float, Numeric

    if _is_json(column, dialect):
        return msgspec.json.decode
    if dialect.name == "postgresql" and isinstance(column.type, Numeric | Float):
        return None  # asyncpg knows the type of each value itself
    impl = column.type.dialect_impl(dialect)
    found: Convert | None = impl.result_processor(dialect, None)
    return found


def _is_json(column: Any, dialect: Any) -> bool:
    """Say whether it is JSON on asyncpg, whose plain connections take and give that as text."""
    from sqlalchemy import JSON

    return dialect.name == "postgresql" and isinstance(column.type, JSON)
