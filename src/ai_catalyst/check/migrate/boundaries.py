"""Where async ends: functions that cannot be async, and why."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from ai_catalyst.check.facts import Expr
from ai_catalyst.check.infer import Inference, Value
from ai_catalyst.check.program import FunctionId, Program

__all__ = ["Boundaries", "all_functions", "bare", "last_of"]

_PLAIN_DECORATORS = frozenset(
    {
        "staticmethod",
        "classmethod",
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "head",
        "options",
        "route",
        "api_route",
        "middleware",
        "exception_handler",
        "asyncio",
        "parametrize",
        "skipif",
        "skip",
        "abstractmethod",
        "override",
        "usefixtures",
        "contextmanager",
        "fixture",
    }
)


_CASE = "unittest.TestCase"

_CALLS_NOTHING = ("abc.", "builtins.", "enum.", "pydantic.", "sqlalchemy.", "sqlmodel.", "typing")
_AWAITS = ("aiohttp.", "fastapi.", "pytest.", "quart.", "starlette.", "unittest.")
"""Libraries whose classes call no method of a subclass, and those that await what they call."""


class Boundaries:
    """Tells of each function whether it can be async."""

    def __init__(self, program: Program, infer: Inference, sources: dict[str, bytes]) -> None:
        """Look at the whole program once: what is handed around, what a framework calls."""
        self.program, self.infer = program, infer
        self.depended = self._depended() | self._overriding(sources)
        self.referred = self._referred()

    def cannot(self, fid: FunctionId) -> str:
        """Return why a function cannot be async; empty: it can."""
        function = self.program.function(fid)
        name = bare(function.name)
        if fid[1] == 0:
            return "a module's own code"
        if name == "<lambda>":
            return "a lambda"
        if name.startswith("__") and name.endswith("__"):
            return f"{name} cannot be async"
        if function.is_generator and not self.lends(fid):
            return "a generator"
        if self.infer.is_property(function):
            return "a property"
        if fid in self.referred:
            return "it is handed around as a value"
        if function.parent > 0 and fid not in self.depended:
            return "a function inside a function"
        return self._decorated(fid) or self._not_awaited(fid)

    def _decorated(self, fid: FunctionId) -> str:
        for decorator in self.program.function(fid).decorators:
            last = last_of(decorator)
            if last not in _PLAIN_DECORATORS:
                return f"the decorator {last or '?'} may not take an async function"
            callee = decorator[1] if decorator[0] == "c" else decorator
            if any(str(v[1]).startswith("flask.") for v in self.infer.of(callee, (fid[0], 0))):
                return "Flask runs it in a thread already"
        return ""

    def _not_awaited(self, fid: FunctionId) -> str:
        kind = self.case_of(fid)
        name = bare(self.program.function(fid).name)
        if kind not in ("", _CASE) or (kind and name in ("setUpClass", "tearDownClass")):
            return f"{kind} would not await it"
        cls = self.program.function(fid).cls
        for base in self.infer.mro((fid[0], cls))[1] if cls >= 0 else ():
            if "." in base and not base.startswith((*_CALLS_NOTHING, *_AWAITS)):
                return f"{base} may call it, and would not await it"
        return ""

    def case_of(self, fid: FunctionId) -> str:
        """Return the library's test case that a method belongs to; empty: none."""
        cls = self.program.function(fid).cls
        paths = self.infer.mro((fid[0], cls))[1] if cls >= 0 else []
        return next((path for path in paths if path.endswith("TestCase")), "")

    def lends(self, fid: FunctionId) -> bool:
        """Tell whether a generator only lends something: a context, a fixture, a dependency."""
        function = self.program.function(fid)
        return self.infer.decorated(function, "contextmanager", "fixture") or fid in self.depended

    def _depended(self) -> set[FunctionId]:
        """Return what FastAPI's ``Depends`` is given: it calls async functions as well."""
        return {
            value[1]
            for name in ("Depends", "Security")
            for fid, event in self.program.calls_of.get(name, ())
            for expr in (*event.expr[2], *(value for _, value in event.expr[3]))
            for value in (self.infer.of(expr, fid) if expr else ())
            if value[0] in ("f", "b")
        }

    def _overriding(self, sources: dict[str, bytes]) -> set[FunctionId]:
        """Return what tests put in the place of a dependency: it is called like the dependency."""
        found: set[FunctionId] = set()
        for number, module in enumerate(self.program.modules):
            if b"dependency_overrides" in sources[module.path]:
                names = _overrides(sources[module.path])
                found |= {
                    (number, index)
                    for index, function in enumerate(module.facts.functions)
                    if bare(function.name) in names
                }
        return found

    def _referred(self) -> set[FunctionId]:
        found: set[FunctionId] = set()
        for fid in all_functions(self.program):
            function = self.program.function(fid)
            exprs: list[Expr] = [*function.returns]
            for event in function.events:
                if event.kind == "c" and last_of(event.expr[1]) not in ("Depends", "Security"):
                    exprs += [*event.expr[2], *(value for _, value in event.expr[3])]
            exprs += [e for bound in function.names.values() for kind, e, _ in bound if kind == "v"]
            for expr in exprs:
                if expr and expr[0] in ("n", "a", "l", "d"):
                    for value in _flat(self.infer.of(expr, fid)):
                        if value[0] in ("f", "b"):
                            found.add(value[1])
        return found


def all_functions(program: Program) -> list[FunctionId]:
    """Return every function, and number 0 of each module: its own code."""
    return [
        (number, index)
        for number, module in enumerate(program.modules)
        for index in range(len(module.facts.functions))
    ]


def bare(name: str) -> str:
    """Return the last part of a dotted name."""
    return name.rpartition(".")[2]


def last_of(expr: Expr) -> str:
    """Return the last name of an expression: that of what is called, or of an attribute."""
    while expr and expr[0] == "c":
        expr = expr[1]
    return str(expr[-1]) if expr and expr[0] in ("n", "a") else ""


def _flat(values: Iterable[Value]) -> Iterator[Value]:
    for value in values:
        if value[0] in ("l", "p"):
            yield from _flat(value[1])
        else:
            yield value


def _overrides(source: bytes) -> set[str]:
    return {
        node.value.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name)
        for target in node.targets
        if isinstance(target, ast.Subscript)
        and isinstance(target.value, ast.Attribute)
        and target.value.attr == "dependency_overrides"
    }
