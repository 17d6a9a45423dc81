"""Where a walk through a file is, and what names, attributes and containers are given there."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod

from ai_catalyst.check.facts import Event, Expr, FileFacts, FunctionFacts

__all__ = ["Scopes", "fresh"]

_MOST_KNOWN = 12


class Scopes(ABC):
    """Knows the present function and class, and binds what is assigned in them."""

    def __init__(self) -> None:
        """Begin outside of everything."""
        self.facts = FileFacts(functions=[], classes=[], state=[])
        self.function = FunctionFacts("<module>", 1, -1)
        self.number = 0
        self.cls = -1
        self.loop = 0
        self.globals: set[str] = set()

    @abstractmethod
    def expr(self, node: ast.expr, use: str = "") -> Expr:
        """Read an expression; ``use`` says what becomes of it."""

    def prefix(self) -> str:
        """Return what stands before the name of what is defined here."""
        if self.cls >= 0:
            return f"{self.facts.classes[self.cls].name}."
        return f"{self.function.name}." if self.number else ""

    def event(self, kind: str, line: int, expr: Expr, use: str) -> None:
        """Note something that the present function does."""
        self.function.events.append(Event(kind, line, expr, use, self.loop > 0))

    def target(self, node: ast.expr, value: Expr, source: ast.expr | None, kind: str = "v") -> None:
        """Bind a value to whatever stands on the left: a name, an attribute, several of them."""
        if isinstance(node, ast.Name):
            self.bind(node.id, kind, value)
        elif isinstance(node, ast.Tuple | ast.List):
            items = source.elts if isinstance(source, ast.Tuple | ast.List) else None
            for index, item in enumerate(node.elts[:20]):
                part: Expr = ("t", value, index)
                if items is not None and len(items) == len(node.elts) and value[0] == "l":
                    part = value[1][index] if index < len(value[1]) else None
                self.target(item, part, None)
        elif isinstance(node, ast.Starred):
            self.target(node.value, value, None)
        elif isinstance(node, ast.Attribute):
            self.assign_attribute(node, value, kind)
        elif isinstance(node, ast.Subscript):
            self.event("]", node.lineno, self.expr(node.value), "")
            self.expr(node.slice)
            self.holds(node.value, value)

    def holds(self, container: ast.expr, value: Expr) -> None:
        """Note what is put into a container under a name or in an attribute of ``self``."""
        if not value or value[0] == "k":
            return
        if isinstance(container, ast.Attribute):
            owner = self.owner()
            if owner is None or not isinstance(container.value, ast.Name):
                return
            function, cls = owner
            if function.params and function.params[0].name == container.value.id:
                known = self.facts.classes[cls].attrs.setdefault(container.attr, [])
                if len(known) < _MOST_KNOWN:
                    known.append((self.number, "v", ("l", (value,))))
        elif isinstance(container, ast.Name) and self.cls < 0:
            scope = self.scope_of(container.id)
            known_names = scope.names.get(container.id) if scope is not None else None
            if known_names is not None and len(known_names) < _MOST_KNOWN:
                known_names.append(("v", ("l", (value,)), self.number))

    def scope_of(self, name: str) -> FunctionFacts | None:
        """Return the function, or the module, that has bound a name so far."""
        function: FunctionFacts | None = self.function
        while function is not None and name not in function.names:
            if any(parameter.name == name for parameter in function.params):
                return None
            function = self.facts.functions[function.parent] if function.parent >= 0 else None
        return function

    def bind(self, name: str, kind: str, value: Expr) -> None:
        """Bind a name: a class's attribute in a class, else in the function or the module."""
        if self.cls >= 0:
            self.facts.classes[self.cls].attrs.setdefault(name, []).append(
                (self.number, kind, value)
            )
            return
        scope = self.facts.functions[0] if name in self.globals else self.function
        known = scope.names.setdefault(name, [])
        if len(known) < _MOST_KNOWN:
            known.append((kind, value, self.number))

    def assign_attribute(self, node: ast.Attribute, value: Expr, kind: str) -> None:
        """Note an attribute of ``self``, or of something else."""
        owner = self.owner()
        if isinstance(node.value, ast.Name) and owner is not None:
            function, cls = owner
            if function.params and function.params[0].name == node.value.id:
                known = self.facts.classes[cls].attrs.setdefault(node.attr, [])
                if len(known) < _MOST_KNOWN:
                    known.append((self.number, kind, value))
                return
            if node.value.id == self.facts.classes[cls].name:
                self.facts.classes[cls].attrs.setdefault(node.attr, []).append(
                    (self.number, kind, value)
                )
                return
        base = self.expr(node.value)
        if value is not None and len(self.facts.state) < 500:
            self.facts.state.append((node.attr, self.number, value, base))

    def owner(self) -> tuple[FunctionFacts, int] | None:
        """Return the method we are in, or nested in, and the number of its class."""
        function = self.function
        while function.cls < 0 and function.parent > 0:
            function = self.facts.functions[function.parent]
        return (function, function.cls) if function.cls >= 0 else None


def fresh(name: str, line: int, parent: int, cls: int = -1) -> FunctionFacts:
    """Return the facts of a function of which nothing is known yet."""
    return FunctionFacts(name, line, parent, cls)
