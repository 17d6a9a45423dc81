"""What the parts of the inference ask of each other, and how answers are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from ai_catalyst.check.facts import Expr, FunctionFacts
from ai_catalyst.check.program import ClassId, FunctionId, Program
from ai_catalyst.check.values import Value, Values, few

__all__ = ["Answers"]

_MOST_DEPTH = 60


class Answers(ABC):
    """Answers on demand; each answer is kept, and a question inside itself has none."""

    def __init__(self, program: Program) -> None:
        """Look at one program."""
        self.program = program
        self.catalogue = program.catalogue
        self._known: dict[tuple[Any, ...], Values] = {}
        self._open: set[tuple[Any, ...]] = set()
        self._depth = 0
        self._mros: dict[ClassId, tuple[list[ClassId], list[str]]] = {}
        self._subclasses: dict[ClassId, list[ClassId]] = {}

    def _once(self, key: tuple[Any, ...], method: Any, *args: Any) -> Values:
        found = self._known.get(key)
        if found is not None:
            return found
        if key in self._open or self._depth > _MOST_DEPTH:
            return ()
        self._open.add(key)
        self._depth += 1
        try:
            found = few(method(*args))
        finally:
            self._open.discard(key)
            self._depth -= 1
        self._known[key] = found
        return found

    @abstractmethod
    def of(self, expr: Expr, fid: FunctionId) -> Values:
        """Return what an expression in a function may be."""

    @abstractmethod
    def name(self, name: str, fid: FunctionId) -> Values:
        """Return what a name in a function may be."""

    @abstractmethod
    def imported(self, module: int, bound: tuple[int, str, str]) -> Values:
        """Return what an import binds."""

    @abstractmethod
    def namespace(self, module: int, name: str) -> Values:
        """Return what a module holds under a name: its own, or a module below it."""

    @abstractmethod
    def annotation(self, expr: Expr, fid: FunctionId) -> Values:
        """Return the instances that an annotation allows."""

    @abstractmethod
    def given(self, default: Expr, fid: FunctionId) -> Iterable[Value]:
        """Return what a default gives; ``Depends(f)`` gives what f gives."""

    @abstractmethod
    def member(self, base: Value, name: str) -> Values:
        """Return what one value holds under a name."""

    @abstractmethod
    def returned(self, fid: FunctionId) -> Values:
        """Return what a function gives back; a generator gives a container of what it yields."""

    @abstractmethod
    def result(self, value: Value, call: Expr, fid: FunctionId) -> Iterable[Value]:
        """Return what calling a value gives."""

    # --- functions

    def owner(self, fid: FunctionId) -> ClassId | None:
        """Return the class whose method a function is, or is nested in."""
        functions = self.program.modules[fid[0]].facts.functions
        number = fid[1]
        while number >= 0:
            if functions[number].cls >= 0:
                return fid[0], functions[number].cls
            number = functions[number].parent
        return None

    def self_of(self, fid: FunctionId) -> str | None:
        """Return the name by which a method knows its object."""
        functions = self.program.modules[fid[0]].facts.functions
        number = fid[1]
        while number > 0 and functions[number].cls < 0:
            number = functions[number].parent
        function = functions[max(number, 0)]
        if function.cls < 0 or not function.params or self.decorated(function, "staticmethod"):
            return None
        return function.params[0].name

    def decorated(self, function: FunctionFacts, *names: str) -> bool:
        """Tell whether a decorator's last name is one of these."""
        for decorator in function.decorators:
            while decorator and decorator[0] == "c":
                decorator = decorator[1]
            if decorator and decorator[0] in ("n", "a") and decorator[-1] in names:
                return True
        return False

    def is_property(self, function: FunctionFacts) -> bool:
        """Tell whether a method is read like an attribute."""
        return self.decorated(
            function,
            "property",
            "cached_property",
            "hybrid_property",
            "computed_field",
            "classproperty",
            "lazyproperty",
            "async_property",
        )
