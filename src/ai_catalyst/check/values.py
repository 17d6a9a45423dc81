"""What an expression may be: a value, told apart by its form.

A value is a tuple, its first item the form: ``x`` a dotted name of another library, ``i`` an
instance of a class (and whether of exactly that class), ``t`` a class, ``f`` a function, ``b`` a
bound method, ``m`` a module, ``l`` a container, ``s`` what ``super()`` gives, ``p`` a partial,
``A`` an annotation kept under a name, ``y`` a text that may be a dotted name, ``c`` what a
library's context holds of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from ai_catalyst.check.facts import Expr

__all__ = [
    "MOST_CALLERS",
    "Value",
    "Values",
    "few",
    "instances",
    "is_plain",
    "is_variable",
    "shape_of",
]

Value: TypeAlias = tuple[Any, ...]
Values: TypeAlias = tuple[Value, ...]

MOST_CALLERS = 40
"""How many callers are asked what they hand in."""

_MOST_VALUES = 10


def instances(value: Value) -> Iterable[Value]:
    """Return the instances that a class, used as an annotation, stands for."""
    if value[0] == "t":
        return (("i", value[1], False),)
    if value[0] == "A":
        return value[1]  # type: ignore[no-any-return]
    return (value,) if value[0] == "x" else ()


def is_variable(value: Value) -> bool:
    """Tell whether a value is a type variable, which says nothing by itself."""
    variables = ("typing.TypeVar", "typing_extensions.TypeVar")
    return value[0] == "x" and str(value[1]).startswith(variables)


def few(values: Iterable[Value]) -> Values:
    """Return different values, not more than anybody needs."""
    found: list[Value] = []
    for value in values:
        if value not in found:
            found.append(value)
            if len(found) >= _MOST_VALUES:
                break
    return tuple(found)


def is_plain(annotation: Expr) -> bool:
    """Tell whether an annotation says enough: a builtin type needs no look at the callers."""
    return (
        bool(annotation)
        and annotation[0] == "n"
        and annotation[1] in ("str", "int", "bytes", "float", "bool", "dict", "list")
    )


def shape_of(expr: Expr) -> str:
    """Return an expression's path as text: ``self.client.chat.create``, ``f().x``, ``a[].b``."""
    parts: list[str] = []
    while expr:
        if expr[0] == "a":
            parts.append("." + expr[2])
            expr = expr[1]
        elif expr[0] in ("c", "i"):
            parts.append("()" if expr[0] == "c" else "[]")
            expr = expr[1]
        elif expr[0] == "n":
            parts.append(expr[1])
            break
        else:
            break
    return "".join(reversed(parts))
