"""Tables in memory: pandas, polars and pyarrow, known by what they can do, never imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from ai_catalyst.privacy.records import RecordScrubber

__all__ = ["scrub_frame"]


def scrub_frame(records: RecordScrubber, frame: Any) -> Any:
    """Return a table of the same sort, order and shape, in which only what is personal changed.

    Each column votes on what it holds, its name says the rest; a column without findings keeps its
    type. The labels of pandas rows and the names of columns are looked at, too. Raises `UserError`
    for something that is no table we know.
    """
    for fits, scrubbed in (
        (("iloc", "isetitem", "index"), _pandas),
        (("column_names", "set_column"), _arrow),
        (("get_columns", "replace_column"), _polars),
    ):
        if all(hasattr(frame, name) for name in fits):
            return scrubbed(records, frame)
    raise UserError(f"a {type(frame).__name__} is no table we know: pandas, polars or pyarrow")


def _pandas(records: RecordScrubber, frame: Any) -> Any:
    clean = frame.copy()
    for at, name in enumerate(frame.columns):
        column = frame.iloc[:, at]
        values = column.tolist()
        found = records.column(str(name), values)
        if found is not values:
            clean.isetitem(at, _series(column, found))
    clean.index = _labels(records, frame.index)
    clean.columns = _labels(records, frame.columns, keys=True)
    return clean


def _series(column: Any, values: list[Any]) -> Any:
    """Return a pandas column with other values, of its own type where they fit."""
    plain = column.astype(object).copy()
    plain[:] = values
    try:
        return plain.astype("category" if hasattr(column, "cat") else column.dtype)
    except (TypeError, ValueError):
        return plain


def _labels(records: RecordScrubber, index: Any, *, keys: bool = False) -> Any:
    """Return the labels of rows or columns without what is personal in them."""
    levels = index.nlevels
    parts = [index.get_level_values(level) for level in range(levels)]
    clean = [
        _keys(records, part.tolist()) if keys else records.column(str(part.name), part.tolist())
        for part in parts
    ]
    if all(new == part.tolist() for new, part in zip(clean, parts, strict=True)):
        return index
    if levels == 1:
        return type(parts[0].astype(object))(clean[0], name=index.name)
    return type(index).from_arrays(clean, names=index.names)


def _keys(records: RecordScrubber, names: list[Any]) -> list[Any]:
    return list(records.keys(names))


def _arrow(records: RecordScrubber, table: Any) -> Any:
    for at, name in enumerate(table.column_names):
        values = table.column(at).to_pylist()
        found = records.column(name, values)
        if found is not values:
            table = table.set_column(at, name, [_alike(found)])
    return table.rename_columns(_keys(records, table.column_names))


def _polars(records: RecordScrubber, frame: Any) -> Any:
    clean = frame.clone()
    for at, column in enumerate(frame.get_columns()):
        values = column.to_list()
        found = records.column(column.name, values)
        if found is not values:
            clean.replace_column(at, type(column)(column.name, _alike(found)))
    clean.columns = _keys(records, frame.columns)
    return clean


def _alike(values: list[Any]) -> list[Any]:
    """Return values of one type, as a typed column wants them: all texts where one is."""
    if not any(isinstance(value, str) for value in values):
        return values
    return [value if value is None or isinstance(value, str) else str(value) for value in values]
