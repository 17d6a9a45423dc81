"""What one file says about calls, small enough to keep: functions, classes, names, expressions.

An expression is a nested tuple (a list, when it comes from the cache), its first item the form:

===== ============================================= =====
form  means                                         rest
===== ============================================= =====
``n`` a name                                        name
``a`` an attribute                                  base, name
``c`` a call                                        callee, arguments, keywords, line
``w`` an awaited value                              value
``i`` a subscript                                   base, index
``k`` a constant                                    type, text
``l`` a list, tuple or set                          items
``d`` a dict                                        values
``q`` what ``from … import`` binds a second time    level, module, name
``o`` one of several                                values
``f`` a lambda                                      function number
``x`` what iteration over a value gives             value
``e`` what ``with`` binds                           value, is async
``t`` item of a tuple                               value, index
``/`` a division                                    left
===== ============================================= =====
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

__all__ = ["ClassFacts", "Event", "Expr", "FileFacts", "FunctionFacts", "Parameter"]

Expr: TypeAlias = Any


class Parameter(msgspec.Struct, array_like=True):
    """One parameter: its name, annotation and default; ``form`` is p, k, * or **."""

    name: str
    annotation: Expr
    default: Expr
    form: str


class Event(msgspec.Struct, array_like=True):
    """Something a function does: c(all), p(roperty), w(ith), f(or), [ (subscript), ] (into a
    subscript), ? (membership).

    ``use`` says what becomes of it: await, ``arg:callee``, return, item, with, asyncwith, for,
    asyncfor, attr, ``=name``, ``=.attribute`` or nothing.
    """

    kind: str
    line: int
    expr: Expr
    use: str = ""
    loop: bool = False


class FunctionFacts(msgspec.Struct):
    """One function, lambda, or (number 0) the module itself."""

    name: str
    line: int
    parent: int
    cls: int = -1
    is_async: bool = False
    is_generator: bool = False
    params: list[Parameter] = []
    decorators: list[Expr] = []
    annotation: Expr = None
    returns: list[Expr] = []
    yields: list[Expr] = []
    names: dict[str, list[tuple[str, Expr, int]]] = {}
    imports: dict[str, tuple[int, str, str]] = {}
    functions: dict[str, int] = {}
    classes: dict[str, int] = {}
    stars: list[tuple[int, str]] = []
    awaited: list[str] = []
    events: list[Event] = []

    @property
    def is_abstract(self) -> bool:
        """Tell whether a function does nothing itself: no body, or ``NotImplementedError``."""
        return not self.returns and all(
            event.kind == "c" and event.expr[1] and event.expr[1][-1] == "NotImplementedError"
            for event in self.events
        )


class ClassFacts(msgspec.Struct):
    """One class: bases, methods, and everything that was assigned to its attributes."""

    name: str
    line: int
    scope: int
    bases: list[Expr] = []
    methods: dict[str, int] = {}
    attrs: dict[str, list[tuple[int, str, Expr]]] = {}
    classes: dict[str, int] = {}


class FileFacts(msgspec.Struct):
    """All facts of one file; ``problem`` says why there are none."""

    functions: list[FunctionFacts] = []
    classes: list[ClassFacts] = []
    state: list[tuple[str, int, Expr, Expr]] = []
    allowed: dict[int, str] = {}
    lines: int = 0
    words: list[str] = []
    problem: str | None = None
