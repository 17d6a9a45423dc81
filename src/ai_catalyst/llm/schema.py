"""Answers that must fit a schema: what is asked of the wire, and what is checked afterwards.

The part of JSON Schema that models are asked for: types, properties, items, enums, bounds,
patterns, references within the schema, and combinations. Unknown keywords are ignored.
"""

from __future__ import annotations

import asyncio
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ai_catalyst.errors import UserError

__all__ = ["Schema", "closed", "is_strict", "problem"]

Node = Mapping[str, Any]


class Schema:
    """A JSON schema, from itself or from a pydantic model; ``read`` turns an answer into data."""

    def __init__(self, given: Any) -> None:
        """Take a pydantic model, anything else pydantic can adapt, or a JSON schema."""
        self._adapter: Any = None
        if isinstance(given, Mapping):
            self.json: dict[str, Any] = dict(given)
            return
        from pydantic import PydanticUserError, TypeAdapter

        try:
            self._adapter = TypeAdapter(given)
            self.json = self._adapter.json_schema()
        except (PydanticUserError, TypeError) as error:
            raise UserError("schema is a pydantic model or a JSON schema") from error

    @classmethod
    async def of(cls, given: Any) -> Schema:
        """Return the schema of something, worked out off the event loop once a type."""
        if isinstance(given, Mapping):
            return cls(given)
        try:
            known = _known.get(given)
        except TypeError:  # not hashable, so no type
            known = None
        if known is None:
            known = await asyncio.to_thread(cls, given)
            _known[given] = known
            while len(_known) > MOST_KNOWN:
                del _known[next(iter(_known))]
        return known

    def read(self, text: str) -> Any:
        """Return the data of an answer; raises `ValueError` that says what does not fit, and where.

        With a pydantic model the data is an instance of it. Code fences and words around the JSON
        are borne.
        """
        value = _decoded(text)
        if self._adapter is None:
            wrong = problem(value, self.json)
            if wrong:
                raise ValueError(wrong)
            return value
        from pydantic import ValidationError

        try:
            return self._adapter.validate_json(msgspec.json.encode(value))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = "".join(f"[{part!r}]" for part in first["loc"])
            raise ValueError(f"answer{place}: {first['msg']}") from None


_known: dict[Any, Schema] = {}
MOST_KNOWN = 256


def _decoded(text: str) -> Any:
    """Return the JSON value in a text, bare, fenced, or with words around it."""
    stripped = text.strip()
    for candidate in (stripped, _unfenced(stripped), _outermost(stripped)):
        if candidate:
            try:
                return msgspec.json.decode(candidate)
            except (msgspec.DecodeError, UnicodeEncodeError):
                continue
    raise ValueError("answer: not JSON")


def _unfenced(text: str) -> str:
    match = re.search(r"```[a-zA-Z]*\s*\n(.*?)\n?```", text, re.DOTALL)
    return match[1] if match else ""


def _outermost(text: str) -> str:
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    if not starts:
        return ""
    start = min(starts)
    return text[start : text.rfind("}" if text[start] == "{" else "]") + 1]


# What the wires want to hear.


def is_strict(schema: Any) -> bool:
    """Say whether every object of a schema is closed with every property required.

    OpenAI holds such schemas strictly and refuses to be strict about others.
    """
    if isinstance(schema, Mapping):
        if "properties" in schema:
            names = set(schema["properties"])
            if schema.get("additionalProperties") is not False:
                return False
            if names != set(schema.get("required", ())):
                return False
        elif schema.get("type") == "object":
            return False
        return all(map(is_strict, schema.values()))
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    return True


_BOUNDS = frozenset(
    (
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
    )
)


def closed(schema: Any, *, names: bool = False) -> Any:
    """Return a schema whose objects take no other properties, without bounds.

    What Anthropic's structured outputs take; the bounds are checked here afterwards. ``names`` says
    that the keys are names of properties, not keywords.
    """
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    if names:
        return {key: closed(value) for key, value in schema.items()}
    result = {
        key: closed(value, names=key in {"properties", "$defs", "definitions"})
        for key, value in schema.items()
        if key not in _BOUNDS
    }
    if result.get("type") == "object" or "properties" in result:
        result["additionalProperties"] = False
    return result


# What is checked afterwards.

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def problem(value: Any, schema: Node | bool) -> str | None:
    """Return what is wrong with a value, with its place, or None when it fits the schema.

    The message names places and rules, never the value.
    """
    return _problem(value, schema, schema, "answer", 0)


def _problem(value: Any, schema: Any, root: Any, at: str, depth: int) -> str | None:
    if schema is True or schema == {}:
        return None
    if schema is False or not isinstance(schema, Mapping):
        return f"{at}: not allowed"
    if depth > 100:
        return f"{at}: too deep"
    if "$ref" in schema:
        wrong = _problem(value, _target(schema["$ref"], root), root, at, depth + 1)
        if wrong:
            return wrong
    for check in (_kind, _scalar, _object, _array, _combined):
        wrong = check(value, schema, root, at, depth)
        if wrong:
            return wrong
    return None


def _target(reference: str, root: Any) -> Any:
    node = root
    for part in reference.removeprefix("#").split("/")[1:]:
        node = node.get(part.replace("~1", "/").replace("~0", "~"), True)
    return node


def _kind(value: Any, schema: Node, root: Any, at: str, depth: int) -> str | None:
    kinds = schema.get("type")
    if kinds is not None:
        allowed = [kinds] if isinstance(kinds, str) else kinds
        if not any(_TYPES.get(kind, lambda _: True)(value) for kind in allowed):
            return f"{at}: must be {' or '.join(allowed)}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{at}: must be one of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        return f"{at}: must be {schema['const']!r}"
    return None


def _scalar(value: Any, schema: Node, root: Any, at: str, depth: int) -> str | None:
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            return f"{at}: must match {schema['pattern']}"
        return _bounded(len(value), schema, f"{at}: number of characters", _LENGTHS)
    if _TYPES["number"](value):
        if schema.get("multipleOf") and value % schema["multipleOf"]:
            return f"{at}: must be a multiple of {schema['multipleOf']}"
        return _bounded(value, schema, at, _NUMBERS)
    return None


_Bound = tuple[str, str, Callable[[Any, Any], bool]]
_NUMBERS: tuple[_Bound, ...] = (
    ("minimum", "at least", operator.ge),
    ("maximum", "at most", operator.le),
    ("exclusiveMinimum", "above", operator.gt),
    ("exclusiveMaximum", "below", operator.lt),
)
_LENGTHS: tuple[_Bound, ...] = (
    ("minLength", "at least", operator.ge),
    ("maxLength", "at most", operator.le),
)
_ITEMS: tuple[_Bound, ...] = (
    ("minItems", "at least", operator.ge),
    ("maxItems", "at most", operator.le),
)


def _bounded(value: Any, schema: Node, at: str, bounds: tuple[_Bound, ...]) -> str | None:
    for name, words, holds in bounds:
        if name in schema and not holds(value, schema[name]):
            return f"{at} must be {words} {schema[name]}"
    return None


def _object(value: Any, schema: Node, root: Any, at: str, depth: int) -> str | None:
    if not isinstance(value, dict):
        return None
    missing = [name for name in schema.get("required", ()) if name not in value]
    if missing:
        return f"{at}: {', '.join(missing)} is missing"
    known = schema.get("properties", {})
    other = schema.get("additionalProperties", True)
    for name, item in value.items():
        if name not in known and other is False:
            return f"{at}: has a property that the schema does not know"
        wrong = _problem(item, known.get(name, other), root, f"{at}.{name}", depth + 1)
        if wrong:
            return wrong
    return None


def _array(value: Any, schema: Node, root: Any, at: str, depth: int) -> str | None:
    if not isinstance(value, list):
        return None
    if wrong := _bounded(len(value), schema, f"{at}: number of items", _ITEMS):
        return wrong
    first = schema.get("prefixItems", ())
    for index, item in enumerate(value):
        rule = first[index] if index < len(first) else schema.get("items", True)
        wrong = _problem(item, rule, root, f"{at}[{index}]", depth + 1)
        if wrong:
            return wrong
    return None


def _combined(value: Any, schema: Node, root: Any, at: str, depth: int) -> str | None:
    def wrong(part: Any) -> str | None:
        return _problem(value, part, root, at, depth + 1)

    for part in schema.get("allOf", ()):
        if found := wrong(part):
            return found
    if "anyOf" in schema and all(map(wrong, schema["anyOf"])):
        return wrong(schema["anyOf"][0]) if len(schema["anyOf"]) == 1 else f"{at}: fits no choice"
    if "oneOf" in schema and sum(wrong(part) is None for part in schema["oneOf"]) != 1:
        return f"{at}: must fit exactly one choice"
    if "not" in schema and wrong(schema["not"]) is None:
        return f"{at}: not allowed"
    return None
