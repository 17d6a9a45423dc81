"""Where a schema comes from: a YAML or JSON file, or a pydantic model class."""

from __future__ import annotations

import datetime as dt
import enum
import types
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import yaml

from ai_catalyst.errors import UserError
from ai_catalyst.pdf.vocabulary import type_of

__all__ = ["from_file", "from_model", "is_path"]

_SUFFIXES = (".yaml", ".yml", ".json")
_MOST_BYTES = 2**20
_PLAIN: dict[Any, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    Decimal: "amount",
    dt.date: "date",
    dt.datetime: "date",
}
_NUMERIC = frozenset({"amount", "number", "percent", "integer"})


def is_path(text: str) -> bool:
    """Whether a text names a field file rather than fields."""
    return text.lower().endswith(_SUFFIXES)


def from_file(path: Path) -> Any:
    """Return what a YAML (or JSON) file holds; raises `UserError` that names it and the line."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise UserError(f"the field list {str(path)!r} is larger than {_MOST_BYTES} bytes")
        return yaml.safe_load(raw.decode("utf-8-sig"))
    except OSError as error:
        raise UserError(
            f"the field list {str(path)!r} cannot be read: {error.strerror or error}"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(f"the field list {str(path)!r} is not UTF-8 text") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "is not YAML"
        raise UserError(f"the field list {str(path)!r}{line}: {problem}") from error


def from_model(model: type) -> list[dict[str, Any]]:
    """Return the fields of a pydantic model class; raises `UserError` for what has no place here.

    Types become the field's; a `list` is ``many``, a `list` of models ``items``; what may be None
    or has a default is not required. ``json_schema_extra`` may hold ``type, labels, pattern``.
    """
    from pydantic import BaseModel

    if not issubclass(model, BaseModel):
        raise UserError(f"{model.__name__} is no pydantic model; fields need one, or names")
    return [_described(model, name, info) for name, info in model.model_fields.items()]


def _described(model: type, name: str, info: Any) -> dict[str, Any]:
    place = f"{model.__name__}, field {name!r}"
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    field: dict[str, Any] = {"name": name, "required": info.is_required()}
    if info.description:
        field["description"] = info.description
    for rule in info.metadata:
        if isinstance(getattr(rule, "pattern", None), str):
            field["pattern"] = rule.pattern
    field |= _typed(info.annotation, name, place, field)
    return field | {key: extra[key] for key in ("type", "labels", "pattern") if key in extra}


def _typed(annotation: Any, name: str, place: str, field: dict[str, Any]) -> dict[str, Any]:
    members = [member for member in _members(annotation) if member is not type(None)]
    if len(members) < len(list(_members(annotation))):
        field["required"] = False
    for member in members:
        if get_origin(member) in (list, tuple, set, frozenset):
            return _listed((get_args(member) or (str,))[0], name, place)
    return _single(members, name, place)


def _members(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    elif hasattr(annotation, "__metadata__"):  # Annotated[X, ...] within a union
        yield from _members(annotation.__origin__)
    else:
        yield annotation


def _listed(member: Any, name: str, place: str) -> dict[str, Any]:
    from pydantic import BaseModel

    if isinstance(member, type) and issubclass(member, BaseModel):
        return {"type": "items", "fields": from_model(member)}
    return {"many": True, **_typed(member, name, place, {})}


def _single(members: list[Any], name: str, place: str) -> dict[str, Any]:
    guessed = type_of(name)
    choices = [choice for member in members for choice in _choices(member)]
    if choices:
        return {"type": "text", "choices": choices}
    if str in members or Any in members:
        return {"type": "text" if guessed == "items" else guessed}
    for member in members:
        kind = _PLAIN.get(member)
        if kind is None:
            continue
        fits = guessed in _NUMERIC and kind in _NUMERIC
        return {"type": guessed if fits and kind != "integer" else kind}
    shown = ", ".join(getattr(member, "__name__", str(member)) for member in members)
    raise UserError(
        f"{place}: type {shown} has no place in a field"
        " (allowed: str, int, float, Decimal, bool, date, Literal, Enum, and lists of these"
        " or of models)"
    )


def _choices(member: Any) -> list[str]:
    if get_origin(member) is Literal:
        return [str(value) for value in get_args(member)]
    if isinstance(member, type) and issubclass(member, enum.Enum):
        return [str(each.value) for each in member]
    return []
