"""`Schema`: the fields somebody wants from a document; one for rules and models alike."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from ai_catalyst.errors import UserError
from ai_catalyst.pdf.patterns import compiled
from ai_catalyst.pdf.vocabulary import TYPES, concept_of, type_of

__all__ = ["Field", "Schema"]

_KEYS = (
    *("name", "type", "description", "pattern", "required", "many"),
    *("labels", "choices", "fields"),
)
_JSON_TYPES: dict[str, Any] = {
    "amount": "number",
    "number": "number",
    "percent": "number",
    "integer": "integer",
    "boolean": "boolean",
}
_MOST_FIELDS = 500


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to find: its name, and what is known about it.

    ``type`` is one of `TYPES`; ``description`` tells a model what is meant; ``pattern`` is a
    regular expression whose group ``value``, else first group, else whole match is the value;
    ``labels`` are words it stands beside, added to the known ones; ``choices`` are the only values
    it may have; ``many`` asks for every value as a list; ``fields`` are the columns of ``items``.
    """

    name: str
    type: str = "text"
    description: str = ""
    pattern: str | None = None
    required: bool = False
    many: bool = False
    labels: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()

    @property
    def concept(self) -> str | None:
        """The usual field this is, None for one of the user's own."""
        return concept_of(self.name)

    @property
    def columns(self) -> tuple[Field, ...]:
        """The columns of ``items``: its fields, else those that most invoices have."""
        return self.fields or _USUAL_COLUMNS

    @property
    def json(self) -> dict[str, Any]:
        """The JSON schema of its value."""
        if self.type == "items":
            return {"type": "array", "items": _object(self.columns)}
        node: dict[str, Any] = {"type": _JSON_TYPES.get(self.type, "string")}
        if self.type == "date":
            node["description"] = "ISO 8601, YYYY-MM-DD"
        if self.choices:
            node["enum"] = list(self.choices)
        return {"type": "array", "items": node} if self.many else node


_USUAL_COLUMNS = (
    Field("description"),
    Field("quantity", "number"),
    Field("unit_price", "amount"),
    Field("tax_rate", "percent"),
    Field("total", "amount"),
)


@dataclass(frozen=True)
class Schema:
    """Fields in the order they were asked for, each name once."""

    fields: tuple[Field, ...]

    @classmethod
    def of(cls, given: Any) -> Schema:
        """Return the schema that somebody means: names, a YAML or JSON path, a mapping, a model.

        A mapping is ``{name: type or options}`` or ``{"fields": [...]}``; a pydantic model class
        gives its fields. A text that is no path of a ``.yaml``, ``.yml`` or ``.json`` file holds
        names between commas. Reads a file if it is named one. Raises `UserError` that names file,
        field and what is allowed.
        """
        if isinstance(given, Schema):
            return given
        from ai_catalyst.pdf import schema_sources

        if isinstance(given, type):
            return cls._built(schema_sources.from_model(given), given.__name__)
        if isinstance(given, Path) or (isinstance(given, str) and schema_sources.is_path(given)):
            found = schema_sources.from_file(Path(given))  # catalyst: blocking(one small file)
            return cls._built(found, str(given))
        if isinstance(given, str):
            given = [name.strip() for name in given.split(",")]
        return cls._built(given, "fields")

    @classmethod
    def _built(cls, given: Any, where: str) -> Schema:
        fields = tuple(_field(each, where) for each in _entries(given, where))
        if not fields:
            raise UserError(f"{where}: no fields are named")
        if len(fields) > _MOST_FIELDS:
            raise UserError(f"{where}: {len(fields)} fields; {_MOST_FIELDS} are taken at most")
        _check_unique(fields, where)
        return cls(fields)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(field.name for field in self.fields)

    def __getitem__(self, name: str) -> Field:
        """Return a field by name; raises `KeyError`."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    def only(self, names: Iterable[str]) -> Schema:
        """Return the schema of some of these fields, in this order."""
        wanted = set(names)
        return Schema(tuple(field for field in self.fields if field.name in wanted))

    def missing(self, data: Mapping[str, Any]) -> list[str]:
        """Return the names of required fields that a result has no value for."""
        return [each.name for each in self.fields if each.required and data.get(each.name) is None]

    def digest(self) -> bytes:
        """Return a digest of everything that changes a result; part of the journal key."""
        return hashlib.sha256(msgspec.json.encode([asdict(each) for each in self.fields])).digest()

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the values: an object, closed, each field possibly null."""
        return _object(self.fields)


def _object(fields: Iterable[Field]) -> dict[str, Any]:
    nodes = {field.name: {"anyOf": [field.json, {"type": "null"}]} for field in fields}
    return {
        "type": "object",
        "properties": nodes,
        "required": list(nodes),
        "additionalProperties": False,
    }


# What people write, made fields.


def _entries(given: Any, where: str) -> list[Any]:
    if isinstance(given, Mapping):
        if isinstance(given.get("fields"), (list, Mapping)):
            others = [key for key in given if key != "fields"]
            if others:
                raise UserError(f"{where}: unknown key {others[0]!r} beside 'fields'")
            return _entries(given["fields"], where)
        return [_named(name, options, where) for name, options in given.items()]
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes)):
        return list(given)
    if given is None:
        raise UserError(f"{where}: it is empty; name at least one field")
    raise UserError(
        f"{where}: fields are a list of names, a mapping, a YAML file or a pydantic model,"
        f" not {type(given).__name__}"
    )


def _named(name: Any, options: Any, where: str) -> dict[str, Any]:
    if options is None:
        return {"name": name}
    if isinstance(options, str):
        return {"name": name, "type": options}
    if isinstance(options, Mapping):
        return {"name": name, **options}
    raise UserError(
        f"{where}, field {name!r}: options are a type or a mapping, not {type(options).__name__}"
    )


def _field(given: Any, where: str) -> Field:
    if isinstance(given, Field):
        given = {key: value for key, value in asdict(given).items() if value or key == "name"}
    if isinstance(given, str):
        given = {"name": given}
    if not isinstance(given, Mapping):
        raise UserError(f"{where}: a field is a name or a mapping, not {type(given).__name__}")
    if len(given) == 1 and "name" not in given:  # - total: amount
        ((name, options),) = given.items()
        given = _named(name, options, where)
    name = given.get("name")
    if not isinstance(name, str) or not name.strip():
        raise UserError(f"{where}: a field without a name")
    place = f"{where}, field {name!r}"
    unknown = [key for key in given if key not in _KEYS]
    if unknown:
        raise UserError(f"{place}: unknown key {unknown[0]!r}{_near(str(unknown[0]), _KEYS)}")
    return _checked(name.strip(), given, place)


def _checked(name: str, given: Mapping[str, Any], place: str) -> Field:
    columns = given.get("fields") or ()
    kind = given.get("type") or ("items" if columns else type_of(name))
    if kind not in TYPES:
        raise UserError(f"{place}: unknown type {kind!r}{_near(str(kind), TYPES)}")
    if columns and kind != "items":
        raise UserError(f"{place}: only a field of type 'items' has fields of its own")
    return Field(
        name,
        kind,
        _text(given, "description", place) or "",
        _pattern(given, place),
        _flag(given, "required", place),
        _flag(given, "many", place),
        _texts(given, "labels", place),
        _texts(given, "choices", place),
        _columns(columns, place),
    )


def _columns(given: Any, place: str) -> tuple[Field, ...]:
    columns = tuple(_field(each, place) for each in _entries(given, place))
    _check_unique(columns, place)
    nested = next((each for each in columns if each.type == "items"), None)
    if nested:
        raise UserError(f"{place}: its field {nested.name!r} cannot be of type 'items' again")
    return columns


def _check_unique(fields: Iterable[Field], where: str) -> None:
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            raise UserError(f"{where}: field {field.name!r} is named twice")
        seen.add(field.name)


def _pattern(given: Mapping[str, Any], place: str) -> str | None:
    pattern = _text(given, "pattern", place)
    if pattern is not None:
        compiled(pattern, place)
    return pattern


def _text(given: Mapping[str, Any], key: str, place: str) -> str | None:
    value = given.get(key)
    if value is not None and not isinstance(value, str):
        raise UserError(f"{place}: {key} is a text, not {type(value).__name__}")
    return value


def _flag(given: Mapping[str, Any], key: str, place: str) -> bool:
    value = given.get(key, False)
    if not isinstance(value, bool):
        raise UserError(f"{place}: {key} is true or false, not {value!r}")
    return value


def _texts(given: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
    value = given.get(key) or ()
    values = (value,) if isinstance(value, str) else value
    if not isinstance(values, (list, tuple)) or not all(isinstance(one, str) for one in values):
        raise UserError(f"{place}: {key} is a list of texts")
    return tuple(values)


def _near(word: str, allowed: Iterable[str]) -> str:
    allowed = list(allowed)
    near = difflib.get_close_matches(word, allowed, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{hint} (allowed: {', '.join(allowed)})"
