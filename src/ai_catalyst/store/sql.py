"""Marks of parameters, translated: ``?``, ``:name`` and ``$1`` mean the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ai_catalyst.errors import UserError

__all__ = ["Parameters", "bind"]

Parameters = Sequence[Any] | Mapping[str, Any]

_TOKENS = re.compile(
    r"""
    '(?:[^']|'')*'                          # text
    | "(?:[^"]|"")*"                        # a quoted name
    | --[^\n]*
    | /\*.*?\*/
    | \$(?P<tag>[A-Za-z_]\w*|)\$.*?\$(?P=tag)\$  # PostgreSQL's dollar quotes
    | ::                                    # a cast
    | (?P<mark>\?\d*)
    | :(?P<name>[A-Za-z_]\w*)
    | \$(?P<number>\d+)
    """,
    re.VERBOSE | re.DOTALL,
)


def bind(sql: str, parameters: Parameters, mark: Callable[[int], str]) -> tuple[str, list[Any]]:
    """Return the statement with marks made by ``mark(n)`` (from 1), and the values in order.

    Raises `UserError` for a parameter that is not given.
    """
    values: list[Any] = [] if isinstance(parameters, Mapping) else list(parameters)
    named: dict[str, int] = {}
    asked = 0

    def put(match: re.Match[str]) -> str:
        nonlocal asked
        name, number, question = match["name"], match["number"], match["mark"]
        if isinstance(parameters, Mapping):
            if name is None:
                return match[0]
            if name not in parameters:
                raise UserError(f"the query names :{name}, which is not given")
            if name not in named:
                values.append(parameters[name])
                named[name] = len(values)
            return mark(named[name])
        if question is not None:
            asked = int(question[1:]) if len(question) > 1 else asked + 1
            return mark(_within(asked, values))
        return match[0] if number is None else mark(_within(int(number), values))

    return _TOKENS.sub(put, sql), values


def _within(number: int, values: Sequence[Any]) -> int:
    if not 1 <= number <= len(values):
        raise UserError(f"the query has a parameter {number}, but {len(values)} are given")
    return number
