"""Which functions run on an event loop: the async ones, and plain ones that a loop calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ai_catalyst.check.infer import Inference
from ai_catalyst.check.program import FunctionId, Program

__all__ = ["Roots"]


class Roots:
    """Finds the functions that a loop runs."""

    def __init__(self, program: Program, inference: Inference) -> None:
        """Look at one program."""
        self.program = program
        self.infer = inference
        self.catalogue = program.catalogue

    def find(self, *, everything: bool) -> Iterable[FunctionId]:
        """Return every function that runs on a loop; those in tests only when asked for."""
        roots: dict[FunctionId, None] = {}
        for fid in self.program.functions():
            if self.program.function(fid).is_async:
                roots[fid] = None
        for fid in [*self._callbacks(), *self._methods(), *self._decorated()]:
            roots[fid] = None
        return [f for f in roots if everything or not self._in_tests(f)]

    def serves(self, root: FunctionId) -> bool:
        """Tell whether a function answers requests, by its decorators."""
        names = map(_last, self.program.function(root).decorators)
        return any(self.catalogue.named("routes", name) for name in names if name)

    def _in_tests(self, fid: FunctionId) -> bool:
        parts = self.program.modules[fid[0]].path.split("/")
        name = parts[-1]
        is_test = name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
        return is_test or any(part in ("tests", "test", "testing") for part in parts[:-1])

    def _callbacks(self) -> Iterator[FunctionId]:
        """Return what is handed to ``call_soon``, ``add_done_callback`` and the like."""
        for name in self.catalogue.lists["loop_callbacks"].names():
            for caller, event in self.program.calls_of.get(name, ()):
                callee = event.expr[1]
                if not callee or callee[0] != "a":
                    continue
                holders = self.infer.of(callee[1], caller)
                if any(v[1].startswith("concurrent.") for v in holders if v[0] == "x"):
                    continue
                for expr in event.expr[2][:2]:
                    for value in self.infer.of(expr, caller) if expr else ():
                        for inner in value[1] if value[0] == "p" else (value,):
                            if inner[0] in ("f", "b"):
                                yield inner[1]

    def _methods(self) -> Iterator[FunctionId]:
        """Return the methods that a loop calls on classes such as ``asyncio.Protocol``."""
        known = self.catalogue.loop_classes
        for number, module in enumerate(self.program.modules):
            for index, cls in enumerate(module.facts.classes):
                if not cls.bases:
                    continue
                for path in self.infer.mro((number, index))[1]:
                    for method in known.get(path, ()):
                        if method in cls.methods:
                            yield number, cls.methods[method]

    def _decorated(self) -> Iterator[FunctionId]:
        """Return the plain functions that a decorator hands to the loop."""
        for path in self.catalogue.lists["loop_decorators"].names():
            for fid in self.program.decorated_by.get(path.rpartition(".")[2], ()):
                function = self.program.function(fid)
                outer = (fid[0], max(function.parent, 0))
                if any(("x", path) in self.infer.of(d, outer) for d in function.decorators):
                    yield fid


def _last(expr: object) -> str:
    while isinstance(expr, list | tuple) and expr and expr[0] == "c":
        expr = expr[1]
    return str(expr[-1]) if isinstance(expr, list | tuple) and expr and expr[0] in "na" else ""
