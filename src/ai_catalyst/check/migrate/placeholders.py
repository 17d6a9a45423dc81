"""SQL with psycopg2's ``%s`` and ``%(name)s`` becomes SQL with PostgreSQL's ``$1``, ``$2``."""

from __future__ import annotations

import re

__all__ = ["Untranslatable", "numbered"]

_MARK = re.compile(
    r"%(?:\((?P<name>[^)]*)\)s|(?P<plain>s)|(?P<percent>%)|(?P<other>.?))", re.DOTALL
)
_IN = re.compile(r"\b(not\s+)?in\s*$", re.IGNORECASE)
_TYPED = re.compile(r"\b(interval|date|time|timestamp|timestamptz)\s*$", re.IGNORECASE)


class Untranslatable(Exception):
    """Raised when a piece of code has no translation; its text is the reason."""


def numbered(parts: list[str]) -> tuple[list[str], list[str | None]]:
    """Return the pieces of one statement with numbers, and what each number stands for.

    A number stands for a name, or for None: the next of the parameters in order. A name that
    comes twice is one number. ``in %s`` takes a tuple and becomes ``= any($1)``.
    Raises `Untranslatable` for a lone ``%``, both kinds at once, and ``interval %s``.
    """
    order: list[str | None] = []
    made = [_part(part, order) for part in parts]
    if None in order and any(name is not None for name in order):
        raise Untranslatable("SQL with both %s and %(name)s")
    return made, order


def _part(text: str, order: list[str | None]) -> str:
    out = ""
    end = 0
    for mark in _MARK.finditer(text):
        before = text[end : mark.start()]
        end = mark.end()
        if mark["percent"]:
            out += before + "%"
            continue
        if mark["other"] is not None:
            raise Untranslatable(f"SQL with a lone %{mark['other']}")
        out += _reference(out + before, len(out), _number(mark["name"], order))
    return out + text[end:]


def _reference(before: str, start: int, number: int) -> str:
    """Return the text from ``start`` on with a number after it, as its SQL needs it."""
    if _TYPED.search(before):
        raise Untranslatable("SQL with a typed parameter such as interval %s: cast it instead")
    is_in = _IN.search(before)
    if is_in is None or is_in.start() < start:
        return f"{before[start:]}${number}"
    operator = "<> all" if is_in[1] else "= any"
    return f"{before[start : is_in.start()]}{operator}(${number})"


def _number(name: str | None, order: list[str | None]) -> int:
    if name is not None and name in order:
        return order.index(name) + 1
    order.append(name)
    return len(order)
